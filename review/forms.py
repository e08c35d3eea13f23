"""Forms for the resources that clinicians correct: which elements, in plain words; the resource with what was typed.

A code is never edited by its words: the two would come to say different things. Whoever must change one uses the JSON.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from html import escape
from typing import Any, Literal

from chart.extract.markup import MarkupUnusable, html_text
from chart.moment import parse_moment
from review.errors import EditUnusable

Kind = Literal["line", "words", "sentences", "number", "date", "choice"]
PREFIX = "element:"
"""What the names of the fields begin with; the element's path follows."""
_XHTML = '<div xmlns="http://www.w3.org/1999/xhtml"><ul>{}</ul></div>'
_PRIORITIES = ("routine", "urgent", "asap", "stat")
_PERIODS = {"h": "hours", "d": "days", "wk": "weeks", "mo": "months"}
_DOSE = "dosageInstruction.0.doseAndRate.0.doseQuantity.value"
_DOSE_WORDS = "dosageInstruction.0.text"


@dataclass(frozen=True, kw_only=True, slots=True)
class Element:
    """One element that a form offers."""

    path: str
    """Names and indexes with points between."""
    label: str
    """What it is called."""
    kind: Kind
    """How it is typed."""
    choices: tuple[str, ...] = ()
    """For a choice: the codes."""
    words: Mapping[str, str] = field(default_factory=dict)
    """What a choice's codes mean, where they do not say so themselves."""
    add: bool = False
    """Whether it may be added where the resource has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldView:
    """One field of the form."""

    name: str
    """The field's name."""
    element: Element
    """What it edits."""
    value: str
    """What stands there."""
    unit: str = ""
    """For a number: its unit."""


_COMMON = (
    Element(path="priority", label="Priority", kind="choice", choices=_PRIORITIES),
    Element(path="occurrenceDateTime", label="When", kind="date", add=True),
    Element(path="note.0.text", label="Note to the reader", kind="words", add=True),
)
_NOTE = (Element(path="note.0.text", label="Note to the reader", kind="words", add=True),)
ELEMENTS: Mapping[str, tuple[Element, ...]] = {
    "ServiceRequest": (
        *_COMMON,
        Element(path="patientInstruction", label="Instruction for the patient", kind="words", add=True),
    ),
    "MedicationRequest": (
        Element(path=_DOSE_WORDS, label="Dose in words", kind="line"),
        Element(path=_DOSE, label="Dose", kind="number"),
        Element(path="dosageInstruction.0.timing.repeat.frequency", label="So many times", kind="number"),
        Element(path="dosageInstruction.0.timing.repeat.period", label="in every", kind="number"),
        Element(
            path="dosageInstruction.0.timing.repeat.periodUnit",
            label="of",
            kind="choice",
            choices=tuple(_PERIODS),
            words=_PERIODS,
        ),
        Element(path="priority", label="Priority", kind="choice", choices=_PRIORITIES),
        *_NOTE,
    ),
    "CommunicationRequest": (
        Element(path="payload.0.contentString", label="Message", kind="words"),
        *_COMMON,
    ),
    "CarePlan": (
        Element(path="title", label="Title", kind="line"),
        Element(path="description", label="Description", kind="words", add=True),
        *_NOTE,
    ),
    "Task": (
        Element(path="description", label="Description", kind="words", add=True),
        Element(path="priority", label="Priority", kind="choice", choices=_PRIORITIES),
        *_NOTE,
    ),
    "Condition": (Element(path="onsetDateTime", label="Since", kind="date", add=True), *_NOTE),
    "AllergyIntolerance": (
        Element(path="criticality", label="Criticality", kind="choice", choices=("low", "high", "unable-to-assess")),
        Element(path="onsetDateTime", label="Since", kind="date", add=True),
        *_NOTE,
    ),
    "Observation": (
        Element(path="valueQuantity.value", label="Value", kind="number"),
        Element(path="effectiveDateTime", label="When", kind="date"),
        *_NOTE,
    ),
    "DiagnosticReport": (Element(path="conclusion", label="Conclusion", kind="words"),),
    "DetectedIssue": (
        Element(path="detail", label="What is the matter", kind="words"),
        Element(path="severity", label="Severity", kind="choice", choices=("high", "moderate", "low")),
    ),
}
"""By type; a Composition has its title and its sections."""


def form_of(resource: Mapping[str, Any]) -> tuple[FieldView, ...]:
    """The fields of a resource's form; none where only JSON will do."""
    found = []
    for element in _elements(resource):
        value = _at(resource, element.path)
        if value is None and not element.add:
            continue
        shown = _sentences(str(value)) if element.kind == "sentences" else "" if value is None else str(value)
        unit = str(_at(resource, element.path.replace(".value", ".unit")) or "") if element.kind == "number" else ""
        found.append(
            FieldView(name=f"{PREFIX}{element.path}", element=element, value=shown, unit=unit if unit != shown else "")
        )
    return tuple(found)


def edited(resource: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """The resource with what was typed into its form.

    Raises:
        EditUnusable: a field holds what its element cannot; it is named.
    """
    changed: dict[str, Any] = copy.deepcopy(dict(resource))
    for one in form_of(resource):
        typed = given.get(one.name)
        if typed is None or _same(typed, one.value):
            continue
        _put(changed, one.element, typed.replace("\r\n", "\n").replace("\0", "").strip())
    _check_dose(changed)
    return changed


def _elements(resource: Mapping[str, Any]) -> Iterator[Element]:
    if resource.get("resourceType") != "Composition":
        yield from ELEMENTS.get(str(resource.get("resourceType")), ())
        return
    yield Element(path="title", label="Title", kind="line")
    for n, section in enumerate(resource.get("section", ())):
        yield Element(
            path=f"section.{n}.text.div", label=str(section.get("title") or f"Section {n + 1}"), kind="sentences"
        )


def _same(typed: str, before: str) -> bool:
    return typed.replace("\r\n", "\n").strip() == before.strip()


def _sentences(div: str) -> str:
    try:
        # The list's own marks are no part of a sentence: kept, they would stand in the text after the first edit.
        return "\n".join(line.removeprefix("- ") for line in html_text(div).split("\n"))
    except MarkupUnusable:
        return ""


def _at(resource: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - any JSON value
    value: Any = resource
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)] if part.isdigit() and int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _put(resource: dict[str, Any], element: Element, typed: str) -> None:
    parts = element.path.split(".")
    way, last = parts[:-1], parts[-1]
    place: Any = resource
    for part, following in zip(way, parts[1:], strict=True):
        new: Any = [] if following.isdigit() else {}
        if isinstance(place, list):
            if int(part) >= len(place):
                place.append(new)
            place = place[int(part)]
        else:
            place = place.setdefault(part, new)
    if not typed and element.add:
        _drop(resource, element.path)
        return
    place[last] = _value(element, typed)


def _drop(resource: dict[str, Any], path: str) -> None:
    """Take an optional element out, and the note around it, whose text it was."""
    name, _, rest = path.partition(".")
    if rest:
        resource[name] = resource[name][1:]
    if not rest or not resource[name]:
        resource.pop(name, None)


def _value(element: Element, typed: str) -> Any:  # noqa: ANN401 - any JSON value
    if not typed:
        raise EditUnusable(f"{element.label} is empty; to leave the entry out, approve the others only")
    if element.kind == "sentences":
        lines = (" ".join(line.split()) for line in typed.split("\n"))
        return _XHTML.format("".join(f"<li>{escape(line)}</li>" for line in lines if line))
    if element.kind == "number":
        return _number(element, typed)
    if element.kind == "date" and parse_moment(typed) is None:
        raise EditUnusable(f"{element.label} is no date; write it as 2026-05-14")
    if element.kind == "choice" and typed not in element.choices:
        raise EditUnusable(f"{element.label} is none of {', '.join(element.choices)}")
    return typed if element.kind in ("words", "sentences") else " ".join(typed.split())


def _number(element: Element, typed: str) -> int | Decimal:
    try:
        found = Decimal(typed)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found < 0 or not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", typed):
        raise EditUnusable(f"{element.label} is no number; write it with digits and a point, such as 2.5")
    return int(typed) if typed.isdigit() else found


def _check_dose(resource: Mapping[str, Any]) -> None:
    """The dose is read in words by people and as a number by programs: they must not differ."""
    dose, words = _at(resource, _DOSE), _at(resource, _DOSE_WORDS)
    if dose is None or not isinstance(words, str):
        return
    said = {Decimal(one) for one in re.findall(r"\d+(?:\.\d+)?", words)}
    if Decimal(str(dose)) not in said:
        raise EditUnusable(f"the dose in words does not name the number {dose}; change both")
