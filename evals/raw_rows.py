"""One resource as rows, read without any of the program's own extraction: dates and numbers as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Resource = Mapping[str, Any]
_SUFFIX = re.compile(r"\s*\([a-z/ ]+\)$", re.I)
DAY = re.compile(r"^\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One statement of one resource."""

    reference: str
    """`Type/id`."""
    name: str
    """The record's own words, as written."""
    codes: frozenset[str] = frozenset()
    """Its codes, whatever the system."""
    day: str = ""
    """The calendar day as written, or empty."""
    moment: str = ""
    """The whole date as written."""
    number: Decimal | None = None
    """For a result."""
    unit: str = ""
    """Of the number, as written."""
    status: str = ""
    """The resource's status, or its clinical status."""
    ended: str = ""
    """The day it ended, or empty."""
    marks: frozenset[str] = field(default_factory=frozenset)
    """`emergency`, `inpatient`."""

    @property
    def plain(self) -> str:
        """The name without a terminology's suffix."""
        return _SUFFIX.sub("", self.name).strip()


def day(moment: str) -> str:
    """The day as written; a month or a year alone is none."""
    return moment[:10] if DAY.match(moment) else ""


def _words(concept: Resource | None) -> str:
    concept = concept or {}
    return str(concept.get("text") or next((c["display"] for c in concept.get("coding", ()) if c.get("display")), ""))


def _codes(concept: Resource | None) -> frozenset[str]:
    return frozenset(str(c.get("code")) for c in (concept or {}).get("coding", ()))


def _reference(one: Resource) -> str:
    return f"{one['resourceType']}/{one['id']}"


def results(one: Resource) -> Iterator[Row]:
    """An Observation's numbers: its own, and those of its components."""
    events = (one.get("effectiveTiming") or {}).get("event") or [""]
    moment = str(one.get("effectiveDateTime") or (one.get("effectivePeriod") or {}).get("start") or events[0])
    for part in (one, *one.get("component", ())):
        quantity = part.get("valueQuantity") or {}
        if "value" in quantity and not quantity.get("comparator") and _words(part.get("code")):
            yield Row(
                reference=_reference(one),
                name=_words(part["code"]),
                codes=_codes(part["code"]),
                day=day(moment),
                moment=moment,
                number=Decimal(str(quantity["value"])),
                unit=str(quantity.get("code") or quantity.get("unit") or ""),
                status=str(one.get("status", "")),
            )


def problem(one: Resource) -> Iterator[Row]:
    """A Condition."""
    coded = (one.get("clinicalStatus") or {}).get("coding", ())
    moment = str(one.get("onsetDateTime") or one.get("recordedDate") or "")
    status = str(coded[0].get("code")) if coded else "resolved" if one.get("abatementDateTime") else "active"
    if _words(one.get("code")):
        yield Row(
            reference=_reference(one),
            name=_words(one["code"]),
            codes=_codes(one["code"]),
            day=day(moment),
            moment=moment,
            status=status,
            ended=day(str(one.get("abatementDateTime", ""))),
        )


def medicine(one: Resource, medications: Mapping[str, Resource]) -> Iterator[Row]:
    """An order or a statement of a medicine, by its own words or those of the Medication that it points at."""
    concept = one.get("medicationCodeableConcept")
    pointed = str((one.get("medicationReference") or {}).get("reference", ""))
    if concept is None and pointed:
        target = re.split(r"[/:#]", pointed)[-1]
        inside = {str(c.get("id")): c for c in one.get("contained", ())}
        concept = (inside if pointed.startswith("#") else medications).get(target, {}).get("code")
    if _words(concept) and one.get("intent") not in ("proposal", "plan", "option") and not one.get("doNotPerform"):
        moment = str(one.get("authoredOn") or one.get("effectiveDateTime") or one.get("dateAsserted") or "")
        yield Row(
            reference=_reference(one),
            name=_words(concept),
            codes=_codes(concept),
            day=day(moment),
            moment=moment,
            status=str(one.get("status", "")),
        )


def allergy(one: Resource) -> Iterator[Row]:
    """An AllergyIntolerance."""
    coded = (one.get("clinicalStatus") or {}).get("coding", ())
    if _words(one.get("code")):
        moment = str(one.get("recordedDate") or one.get("onsetDateTime") or "")
        status = str(coded[0].get("code")) if coded else "active"
        yield Row(reference=_reference(one), name=_words(one["code"]), day=day(moment), moment=moment, status=status)


def done(one: Resource, element: str, *dates: str) -> Iterator[Row]:
    """What was done, such as an immunization or a procedure: its concept and the first date that is there."""
    if one.get("status") == "not-done" or not _words(one.get(element)):
        return
    written = next((one[d] for d in dates if one.get(d)), "")
    moment = str(written.get("start", "") if isinstance(written, Mapping) else written)
    yield Row(
        reference=_reference(one),
        name=_words(one[element]),
        codes=_codes(one[element]),
        day=day(moment),
        moment=moment,
        status=str(one.get("status", "")),
    )


def visit(one: Resource) -> Iterator[Row]:
    """An Encounter."""
    setting = str((one.get("class") or {}).get("code", ""))
    mark = {"EMER": "emergency", "IMP": "inpatient", "ACUTE": "inpatient", "NONAC": "inpatient"}.get(setting)
    moment = str((one.get("period") or {}).get("start", ""))
    yield Row(
        reference=_reference(one),
        name=_words((one.get("type") or [{}])[0]) or setting,
        day=day(moment),
        moment=moment,
        status=str(one.get("status", "")),
        marks=frozenset({mark} if mark else ()),
    )
