"""The element that is cited, as FHIRPath and as its literal."""

from decimal import Decimal
from typing import Any

import pytest

from tools.guidelines.evidence import cite


def concept(**coding: str) -> dict[str, Any]:
    return {"coding": [{"display": "without a code"}, coding]}


@pytest.mark.parametrize(
    ("kind", "content", "path", "value"),
    [
        ("Observation", {"valueQuantity": {"value": 3.94}}, "value.value", "3.94"),
        ("Observation", {"valueQuantity": {"value": Decimal("8.10")}}, "value.value", "8.10"),
        ("Observation", {"valueCodeableConcept": concept(code="POS")}, "value.coding[1].code", "POS"),
        ("Observation", {"valueBoolean": False}, "value", "false"),
        ("Condition", {"code": concept(code="44054006")}, "code.coding[1].code", "44054006"),
        ("Condition", {"code": {"text": "Diabetes"}}, "code.text", "Diabetes"),
        ("MedicationRequest", {"medicationCodeableConcept": concept(code="1")}, "medication.coding[1].code", "1"),
        (
            "MedicationRequest",
            {"medicationReference": {"reference": "Medication/m"}},
            "medication.reference",
            "Medication/m",
        ),
        ("Procedure", {"performedPeriod": {"start": "2020", "end": "2021"}}, "performed.end", "2021"),
        ("Encounter", {"type": [{}, concept(code="h")]}, "type[1].coding[1].code", "h"),
        ("Patient", {"birthDate": "1961-03-01"}, "birthDate", "1961-03-01"),
        ("Patient", {"birthDate": "1961-03-01", "deceasedBoolean": True}, "deceased", "true"),
        ("Goal", {}, "id", None),
    ],
)
def test_cite(kind: str, content: dict[str, Any], path: str, value: str | None) -> None:
    cited = cite({"resourceType": kind, "id": "1", **content})
    assert (cited.reference, cited.path, cited.value) == (f"{kind}/1", f"{kind}.{path}", value)
