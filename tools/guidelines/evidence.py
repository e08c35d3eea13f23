"""Which element of a resource a recommendation stands on, as FHIRPath and as the text in the JSON."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from tools.guidelines.outcome import Evidence

CHOICES = ("Quantity", "CodeableConcept", "String", "Integer", "Boolean", "DateTime", "Period", "Range", "Reference")
"""Types of a choice element, as they end a JSON property; FHIRPath names the element without them."""

DECISIVE: Mapping[str, tuple[str, ...]] = {
    "Patient": ("deceasedDateTime", "deceasedBoolean", "birthDate"),
    "Observation": (
        "valueQuantity.value",
        "valueCodeableConcept",
        "valueString",
        "valueInteger",
        "valueBoolean",
        "code",
    ),
    "Condition": ("code",),
    "AllergyIntolerance": ("code",),
    "MedicationRequest": ("medicationCodeableConcept", "medicationReference.reference"),
    "MedicationStatement": ("medicationCodeableConcept", "medicationReference.reference"),
    "Procedure": ("performedDateTime", "performedPeriod.end", "performedPeriod.start", "code"),
    "ServiceRequest": ("code", "status"),
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod.end", "code"),
    "Immunization": ("occurrenceDateTime", "vaccineCode"),
    "Encounter": ("type", "status"),
}
"""By type, the elements that decide; the first that is there is cited."""


def cite(resource: Mapping[str, Any]) -> Evidence:
    """The citation of one resource of the chart."""
    kind = str(resource["resourceType"])
    reference = f"{kind}/{resource.get('id')}"
    for wanted in DECISIVE.get(kind, ("code",)):
        found = next(_literals(resource, wanted.split(".")), None)
        if found:
            return Evidence(reference=reference, path=f"{kind}.{found[0]}", value=found[1])
    return Evidence(reference=reference, path=f"{kind}.id", value=None)


def _literals(value: object, steps: list[str]) -> Iterator[tuple[str, str]]:
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    yield from _leaves(value, ".".join(_element(step) for step in steps))


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    """The literal itself; of a concept its first code, else its text; of a list the first that has one."""
    if isinstance(value, bool):
        yield path, str(value).lower()
    elif isinstance(value, str | int | float | Decimal):
        yield path, str(value)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _leaves(each, f"{path}[{index}]")
    elif isinstance(value, Mapping):
        for index, coding in enumerate(value.get("coding", ())):
            if "code" in coding:
                yield f"{path}.coding[{index}].code", str(coding["code"])
        if "text" in value:
            yield f"{path}.text", str(value["text"])


def _element(step: str) -> str:
    """`valueQuantity` is `value` in FHIRPath."""
    for choice in CHOICES:
        if step.endswith(choice) and step != choice[0].lower() + choice[1:]:
            return step.removesuffix(choice)
    return step
