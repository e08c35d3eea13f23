"""The checker: a result of `run --json` against the raw bundle; it imports nothing of the program.

Not checked, because a result does not lead there: a computation over facts that are cited nowhere in the result and
that no phrase of the sentence describes; an absence of a kind that it has no rule for. Each is named in ``unchecked``.
It does not judge whether a sentence matters, nor the words of a sentence beyond its numbers, dates and absences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from tests.checker.absences import NotKnown, needs, present
from tests.checker.page import unfounded
from tests.checker.prints import misprinted
from tests.checker.raw import RawChart, note_words, plain, walk, when, wrong
from tests.checker.recompute import recompute
from tests.checker.recount import recounts
from tests.checker.scan import DOSE, Written, WrittenDate, rounded, scan
from tests.checker.values import Value, values_of

_ISO = re.compile(r"\d{4}(-\d{2}(-\d{2}(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?)?)?")
ACCOUNTED = ("Condition", "MedicationRequest", "AllergyIntolerance")


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the checker found."""

    findings: tuple[str, ...]
    """What is wrong, one line each."""
    checked: int
    """Citations, dates, numbers, computations and absences looked at."""
    unchecked: tuple[str, ...]
    """What it could not judge."""


def check(result: Mapping[str, Any], chart: RawChart, literature: Mapping[str, str] | None = None) -> Report:
    """Hold a result against the raw chart.

    Args:
        result: as `run --json` gives it.
        chart: the raw bundle.
        literature: the raw texts of papers and guidelines by document key, read without the program.
    """
    return _Check(result, chart, literature or {}).report()


class _Check:
    def __init__(self, result: Mapping[str, Any], chart: RawChart, literature: Mapping[str, str]) -> None:
        self._result = result
        self._chart = chart
        self._literature = literature
        self._findings: list[str] = []
        self._unchecked: list[str] = []
        self._checked = 0

    def report(self) -> Report:
        for claim in self._claims:
            for one in self._claim(claim):
                self._findings.append(f"{claim['id']} “{claim['text'][:70]}”: {one}")
        cited = [c for s in self._result["suggestions"] for c in s["because"]]
        cited += [c for k in self._result["critical"] for c in k["citations"]]
        for one in self._result["suggestions"]:
            if not one["because"] or not one["guideline"]["id"] or not one["guideline"]["version"]:
                self._findings.append(f"{one['id']} does not stand on a fact and a version of a guideline")
        self._findings.extend(self._citations(cited))
        self._findings.extend(unfounded(self._result, self._claims, self._chart))
        self._findings.extend(self._accounted())
        return Report(
            findings=tuple(self._findings),
            checked=self._checked + len(self._unchecked),
            unchecked=tuple(self._unchecked),
        )

    @cached_property
    def _claims(self) -> list[Mapping[str, Any]]:
        return [c for d in self._result["drafts"] for s in d["sections"] for c in s["claims"]]

    @cached_property
    def _references(self) -> dict[str, str]:
        """Fact ids to `Type/id`; a medicine's words may stand in the Medication that its order points at."""
        found: dict[str, str] = {}
        for claim in self._claims:
            for cited in (*claim["citations"], *claim["quotes"]):
                if not cited["reference"].startswith("Medication/"):
                    found.setdefault(cited["fact"], plain(cited["reference"]))
        return found

    @cached_property
    def _values(self) -> dict[str, Value]:
        return {c["fact"]: v for claim in self._claims for c in claim["citations"] if (v := self._value(c))}

    def _value(self, citation: Mapping[str, Any]) -> Value | None:
        resource = self._chart.resources.get(plain(citation["reference"]))
        if resource is None or resource["resourceType"] != "Observation":
            return None
        return dict(values_of(resource)).get(re.sub(r"component\[0\]\.(?!.*\[)", "component[0].", citation["path"]))

    def _claim(self, claim: Mapping[str, Any]) -> Iterator[str]:
        broken = list(self._citations(claim["citations"]))
        yield from broken
        if broken:
            return
        yield from self._quotes(claim)
        for passage in claim.get("passages", ()):
            self._checked += 1
            yield from misprinted(passage, claim["text"], self._result, self._literature)
        dates, numbers = scan(self._own_words(claim))
        yield from self._dates(dates, claim)
        good: dict[str, set[Decimal]] = {}
        yield from self._computed(claim, good)
        yield from self._numbers(numbers, claim, good)
        yield from self._absences(claim)

    def _citations(self, citations: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        for citation in citations:
            self._checked += 1
            reference, path = plain(citation["reference"]), citation["path"]
            resource = self._chart.resources.get(reference)
            if resource is None or reference not in self._chart.own:
                yield f"{reference} is not a resource of this patient"
            elif walk(resource, path) != citation["value"]:
                yield f"{reference} has {walk(resource, path)!r} at {path}, not {citation['value']!r}"
            elif wrong(resource):
                yield f"{reference} is entered in error or refuted"
            elif self._chart.later(resource):
                yield f"{reference} is dated after the round"

    def _quotes(self, claim: Mapping[str, Any]) -> Iterator[str]:
        for quote in claim["quotes"]:
            self._checked += 1
            resource = self._chart.resources.get(plain(quote["reference"]))
            if resource is None or plain(quote["reference"]) not in self._chart.own:
                yield "it quotes a note that is not this patient's"
            elif quote["text"] not in note_words(resource):
                yield f"the note does not say “{quote['text']}”"

    def _own_words(self, claim: Mapping[str, Any]) -> str:
        """The sentence without the words that it quotes of a note and without the title of its recommendation."""
        text = str(claim["text"])
        for quote in claim["quotes"]:
            text = text.replace(f"“{quote['text']}”", "“”")
        for passage in claim.get("passages", ()):
            text = text.replace(f"“{passage['text']}” ({passage['reference']})", "“”")
        for one in self._result["suggestions"]:
            if claim.get("guideline") == f"{one['guideline']['id']}|{one['guideline']['version']}":
                text = text.removeprefix(one["title"])
        return text

    def _dates(self, dates: Sequence[WrittenDate], claim: Mapping[str, Any]) -> Iterator[str]:
        known = [c["value"] for c in claim["citations"] if _ISO.fullmatch(c["value"])]
        for of in (f for c in _computations(claim) for f in c["of"]):
            if of in self._references:
                known.append(when(self._chart.resources[self._references[of]]))
        if any(c["op"] in ("minimum", "maximum", "count") for c in _computations(claim)):
            known.extend(v.date for v in self._series_of(claim))
        words = " ".join(c["value"] for c in claim["citations"])
        for date in dates:
            self._checked += 1
            if not any(text.startswith(date.iso) for text in known) and date.text not in words:
                yield f"no citation is dated {date.text}"

    def _series_of(self, claim: Mapping[str, Any]) -> list[Value]:
        """All results of what the claim cites: a span such as “since 2012” begins with the first of them."""
        keys = {v.about for v in self._cited(claim)}
        return [v for o in self._chart.standing("Observation") for _, v in values_of(o) if v.about in keys]

    def _cited(self, claim: Mapping[str, Any]) -> list[Value]:
        return [v for c in claim["citations"] if (v := self._value(c))]

    def _computed(self, claim: Mapping[str, Any], good: dict[str, set[Decimal]]) -> Iterator[str]:
        counted = list(recounts(claim["text"], self._chart, self._cited(claim)))
        for said, found, words in counted:
            self._checked += 1
            if said != found:
                yield f"“{words}”: the chart has {found}"
            good.setdefault("count", set()).add(Decimal(said))
        for one in _computations(claim):
            stated = Decimal(one["value"])
            if one["op"] == "count" and any(said == stated for said, _, _ in counted):
                continue
            value = recompute(one, self._chart, self._references, self._values, self._cited(claim))
            if value is None:
                self._unchecked.append(f"{claim['id']}: {one['op']} of {len(one['of'])} facts")
                good.setdefault(one["op"], set()).update({stated, -stated})
                continue
            self._checked += 1
            if rounded(value, max(0, -int(stated.as_tuple().exponent))) != stated:
                yield f"the {one['op']} is {rounded(value, 3)}, not {stated}"
            good.setdefault(one["op"], set()).update({stated} if stated >= 0 else {stated, -stated})

    def _numbers(
        self, numbers: Sequence[Written], claim: Mapping[str, Any], good: dict[str, set[Decimal]]
    ) -> Iterator[str]:
        values, own = self._cited(claim), self._own_words(claim)
        words = [c["value"] for c in claim["citations"] if not _ISO.fullmatch(c["value"])]
        digits = {d for text in words for d in re.findall(r"(?<![A-Za-z\d.])\d+(?:\.\d+)?", text)}
        for number in numbers:
            self._checked += 1
            balance = number.value in good.get("fluid_balance", set())
            if DOSE.fullmatch(number.unit) and not balance and not any(_shows(number, v) for v in values):
                if not any(_dose(number, text) for text in (*words, *_doses(claim))):
                    yield f"no cited name has {number.text} {number.unit}"
                continue
            if number.value in _worked_out(number, own, good):
                continue
            shown = [v for v in values if _shows(number, v)]
            if shown:
                yield from _dated(number, shown, own)
            elif number.text not in digits or number.unit:
                yield f"{number.text} {number.unit}".rstrip() + " is in nothing it cites"

    def _absences(self, claim: Mapping[str, Any]) -> Iterator[str]:
        if not claim["absent"]:
            if claim["kind"] == "absence":
                yield "it says nothing of what is absent"
            return
        looks = {line["id"]: line for line in self._result["coverage"]}
        look = looks.get(claim["coverage"] or "")
        if look is None or look["error"] or look["truncated"]:
            yield "nothing shows that one has looked"
            return
        for what in claim["absent"]:
            try:
                against = list(present(what, self._chart, self._references))
                asked = look["query"].startswith(needs(what))
            except NotKnown:
                self._unchecked.append(f"{claim['id']}: absence of {what}")
                continue
            self._checked += 1
            yield from against[:1]
            if not asked:
                yield f"the look was {look['query'].partition('?')[0]}, not for {what}"

    def _accounted(self) -> Iterator[str]:
        """Each problem and order that the record calls active, and each allergy, is accounted for."""
        if self._result["prepared"] is not None:
            return  # Nobody drafted it from the chart, and it says so.
        named = {plain(a["reference"]) for a in self._result["accounted"]}
        for kind in ACCOUNTED:
            for resource in self._chart.standing(kind):
                codes = [c.get("code") for c in (resource.get("clinicalStatus") or {}).get("coding", [])]
                live = resource.get("status") == "active" if kind == "MedicationRequest" else "active" in codes
                proposal = resource.get("intent") in ("proposal", "option") or resource.get("doNotPerform") is True
                if live and not proposal and f"{kind}/{resource['id']}" not in named:
                    yield f"{kind}/{resource['id']} is active and not accounted for"
        for name in named - self._chart.own:
            yield f"{name} is accounted for and not this patient's"


def _computations(claim: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [c for c in (claim["computed"], *claim["also_computed"]) if c]


def _worked_out(number: Written, text: str, good: Mapping[str, set[Decimal]]) -> set[Decimal]:
    """The computed values that a number may be, by the words behind it: days ago are not visits."""
    behind = text[number.start + len(number.sign) + len(number.text) :]
    for words, op in _BEHIND.items():
        if re.match(words, behind):
            return good.get(op, set())
    return set().union(*good.values()) if good else set()


_BEHIND = {
    r" days? ago": "days_since",
    r" months? ago": "months_since",
    r" days? apart": "days_between",
    r" (visits?|of them|readings?|results?|notes?|orders?|days running)": "count",
    r" y\b": "age",
}


def _dose(number: Written, name: str) -> bool:
    """Whether a cited name has the strength: `lisinopril 10 MG` for 10 mg, 0.044 MG for 44 mcg."""
    written = [(re.escape(number.text), _DOSE_WORDS[number.unit[:2].lower()])]
    if number.unit.lower().startswith("mcg"):
        milligrams = format((number.value / 1000).normalize(), "f")
        written.append((f"{re.escape(milligrams)}0*", "mg"))
    return any(re.search(rf"(?<![\d.]){digits} ?(?:{words})", name, re.IGNORECASE) for digits, words in written)


def _doses(claim: Mapping[str, Any]) -> Iterator[str]:
    """Doses whose number and unit are literals of their own: `40` and `mg` of one resource."""
    for one in claim["citations"]:
        for other in claim["citations"]:
            stem = one["path"].removesuffix(".value")
            if other["reference"] == one["reference"] and other["path"] in (f"{stem}.unit", f"{stem}.code"):
                yield f"{one['value']} {other['value']}"


_DOSE_WORDS = {"mg": "mg", "mc": "mcg|ug|µg", "un": "unt|unit|iu", "ml": "ml"}


def _shows(number: Written, value: Value) -> bool:
    return any(number.shows(reading) and number.unit in ("", unit) for reading, unit in value.readings())


def _dated(number: Written, shown: Sequence[Value], text: str) -> Iterator[str]:
    """A date in brackets right behind a number is the day that the number was measured."""
    behind = text[number.start + len(number.sign) + len(number.text) :]
    match = re.match(r"[^(;,→]{0,20}\(((?:\d{1,2} )?(?:[A-Z][a-z]{2} )?\d{4})", behind)
    dates, _ = (
        scan(match[1]) if match and not re.search(r"\d", match[0].partition("(")[0].replace("1.73", "")) else ([], [])
    )
    if dates and not any(v.date.startswith(dates[0].iso) for v in shown):
        yield f"{number.text} was not measured on {dates[0].text}"
