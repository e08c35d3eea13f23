"""A proposed resource in words, line by line, for a resource of another type that carries it as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Resource = dict[str, Any]

_CONCEPTS = {
    "code": "What",
    "medicationCodeableConcept": "Medicine",
    "category": "Kind",
    "bodySite": "Where",
    "reasonCode": "Because",
}
_TEXTS = {
    "title": "",
    "description": "",
    "patientInstruction": "For the patient: ",
    "detail": "",
    "occurrenceDateTime": "When: ",
    "conclusion": "Conclusion: ",
    "priority": "Priority: ",
}


def proposed(resource: Resource) -> Iterator[str]:
    """What is proposed; the first line says that it is a proposal, and of which type."""
    yield f"Proposal, not an order ({resource['resourceType']}, status {resource.get('status')})."
    for name, label in _CONCEPTS.items():
        for concept in _list(resource.get(name)):
            if words := _concept(concept):
                yield f"{label}: {words}"
    reference = resource.get("medicationReference")
    if isinstance(reference, dict) and reference.get("display"):
        yield f"Medicine: {reference['display']}"
    yield from (f"Dose: {_dose(dose)}" for dose in resource.get("dosageInstruction", ()))
    for name, label in _TEXTS.items():
        if isinstance(resource.get(name), str):
            yield f"{label}{resource[name]}"
    yield from _parts(resource)


def _parts(resource: Resource) -> Iterator[str]:
    for one in resource.get("payload", ()):
        if "contentString" in one:
            yield str(one["contentString"])
    for activity in resource.get("activity", ()):
        detail = activity.get("detail", {})
        yield from (f"- {words}" for words in (_concept(detail.get("code")), detail.get("description")) if words)
    for note in resource.get("note", ()):
        yield f"Note: {note.get('text', '')}"


def _dose(dose: Resource) -> str:
    if dose.get("text"):
        return str(dose["text"])
    parts = [
        f"{quantity.get('value')} {quantity.get('unit') or quantity.get('code') or ''}".strip()
        for one in dose.get("doseAndRate", ())
        if isinstance(quantity := one.get("doseQuantity"), dict)
    ]
    timing = dose.get("timing", {})
    parts += [_concept(timing.get("code")), _repeat(timing.get("repeat", {})), _concept(dose.get("route"))]
    return ", ".join(part for part in parts if part) or "not said"


def _repeat(repeat: Resource) -> str:
    if not {"frequency", "period", "periodUnit"} <= repeat.keys():
        return ""
    return f"{repeat['frequency']} time(s) in {repeat['period']} {repeat['periodUnit']}"


def _concept(concept: object) -> str:
    if not isinstance(concept, dict):
        return ""
    displays = (coding.get("display") or coding.get("code") for coding in concept.get("coding", ()))
    return str(concept.get("text") or next(filter(None, displays), ""))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
