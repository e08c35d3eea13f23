"""What a short instruction wants done: find a patient, answer a question, record a measurement, ask for a referral.

Read by rules from any wording: what is to be done by its verbs, who it is about by a record number or a name with a
date of birth, and what by codes that the context gives. What cannot be read is no errand; nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from chart.moment import MONTHS

Kind = Literal["find", "ask", "record", "refer"]
_NUMBER = re.compile(r"\b[A-Z]{0,3}\d{5,10}\b")
_RECORD = re.compile(
    r"\b(record|document|chart|log|enter|save|file|put|add|note down|write down|store|capture)\b", re.I
)
_REFER = re.compile(r"\b(refer(ral|red)?|consult(ation)?)\b", re.I)
_FIND = re.compile(
    r"\b(mrn|medical record number|record number|patient (id|identifier)|identifier|who is|look ?up|find)\b", re.I
)
_NOW = re.compile(r"\b(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)")
_CODE = re.compile(
    r"\b(?:code|id)\b (?:for|of) (?:an? |the )?(?P<what>[\w ,/-]+?)(?: is|:| =) ?\"?(?P<code>[A-Za-z0-9][\w.-]*)", re.I
)
_SYSTEMS = {"snomed": "http://snomed.info/sct", "loinc": "http://loinc.org", "cpt": "http://www.ama-assn.org/go/cpt"}
_MONTH = "|".join(MONTHS)
_DAY = re.compile(
    r"\b(?P<iso>\d{4}-\d{2}-\d{2})\b|\b(?P<us>\d{1,2}/\d{1,2}/\d{4})\b"
    rf"|\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<m>{_MONTH})[a-z]*,? (?P<y>\d{{4}})"
    rf"|\b(?P<m2>{_MONTH})[a-z]*\.? (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y2>\d{{4}})",
    re.I,
)
_NAME = re.compile(r"(?:[A-Z][\w'’-]+ )+[A-Z][\w'’-]+")
_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]")
_PRESSURE = re.compile(r"\b(\d{2,3})\s?/\s?(\d{2,3})\b(?:\s?mm ?hg)?", re.I)
_NO_NAME = frozenset(
    {"MRN", "DOB", "Patient", "Situation", "Background", "Assessment", "Recommendation", "What", "The"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A code that the context gives."""

    system: str
    """Canonical URI, or empty for one of the house's own."""
    code: str
    """The code."""
    what: str
    """What it is for, in the context's words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """An instruction as understood."""

    kind: Kind
    """What is to be done."""
    question: str
    """The instruction's own words."""
    number: str | None = None
    """The patient's record number."""
    name: tuple[str, ...] = ()
    """The patient's names, as written."""
    born: date | None = None
    """The patient's date of birth."""
    now: datetime | None = None
    """The moment that the context calls now."""
    code: Named | None = None
    """What is measured or asked for."""
    value: str = ""
    """The measured value, as said."""
    text: str = ""
    """The words that go with a referral."""


class NotUnderstood(ValueError):
    """An instruction says what the rules cannot read; say what is to be done, and for whom by record number."""


def understood(instruction: str, context: str = "") -> Errand:
    """Read an instruction.

    Args:
        instruction: what somebody wants.
        context: what else is known: the time, codes.

    Raises:
        NotUnderstood: it is not clear what, or for whom.
    """
    words = _QUOTED.sub(" ", instruction)
    number = _NUMBER.search(words)
    found = _CODE.search(context) or _CODE.search(instruction)
    code = _named(found) if found else None
    moment = _NOW.search(context) or _NOW.search(instruction)
    kind = _kind(words, has_number=number is not None, has_value=_value(instruction) != "")
    errand = Errand(
        kind=kind,
        question=instruction,
        number=number[0] if number else None,
        name=_person(words) if kind == "find" else (),
        born=_day(words) if kind == "find" else None,
        now=_instant(moment[1]) if moment else None,
        code=code,
        value=_value(instruction) if kind == "record" else "",
        text=_text(instruction) if kind == "refer" else "",
    )
    _complete(errand)
    return errand


def _kind(words: str, *, has_number: bool, has_value: bool) -> Kind:
    if _REFER.search(words) and has_number:
        return "refer"
    if has_value and has_number and _RECORD.search(words):
        return "record"
    return "find" if _FIND.search(words) and not has_number else "ask"


def _complete(errand: Errand) -> None:
    if errand.kind == "find" and not (errand.name and errand.born):
        raise NotUnderstood("A patient is found by names and date of birth; give both.")
    if errand.kind != "find" and errand.number is None:
        raise NotUnderstood("The instruction names no patient; give the record number.")
    if errand.kind in ("record", "refer") and (errand.code is None or errand.now is None):
        raise NotUnderstood("What is written needs a code and a time; give both in the context.")


def _named(found: re.Match[str]) -> Named:
    before = found.string[: found.start()].rpartition(". ")[2].lower()
    system = next((uri for name, uri in _SYSTEMS.items() if name in before), "")
    return Named(system=system, code=found["code"].rstrip("."), what=" ".join(found["what"].split()))


def _person(words: str) -> tuple[str, ...]:
    for found in _NAME.finditer(_DAY.sub(" ", words)):
        parts = tuple(p for p in found[0].split() if p not in _NO_NAME)
        if len(parts) > 1:
            return parts
    return ()


def _day(words: str) -> date | None:
    found = _DAY.search(words)
    if found is None:
        return None
    try:
        if found["iso"]:
            return date.fromisoformat(found["iso"])
        if found["us"]:
            month, day, year = map(int, found["us"].split("/"))
            return date(year, month, day)
        name = (found["m"] or found["m2"]).capitalize()
        return date(int(found["y"] or found["y2"]), MONTHS.index(name) + 1, int(found["d"] or found["d2"]))
    except ValueError:
        return None


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _value(instruction: str) -> str:
    """A blood pressure as said, in quotation marks or not."""
    quoted = next((q for q in _QUOTED.findall(instruction) if _PRESSURE.search(q)), None)
    if quoted is not None and len(quoted) < 30:
        return " ".join(quoted.split())
    found = _PRESSURE.search(_DAY.sub(" ", instruction))
    return found[0] if found else ""


def _text(instruction: str) -> str:
    """The longest words in quotation marks; else what stands behind a colon."""
    quoted = max(_QUOTED.findall(instruction), key=len, default="")
    return quoted.strip() or instruction.partition(":")[2].strip()


def pressure(value: str) -> tuple[int, int] | None:
    """Systolic and diastolic of a value as said."""
    found = _PRESSURE.search(value)
    return (int(found[1]), int(found[2])) if found else None
