"""From resources to facts: whatever shape a resource has, no crash, and every literal is where its path says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chart.chart import Chart
from chart.fact import Fact
from chart.fhirpath import resolve
from tests.unit.chart.entries import chart_of, resources_of
from tests.unit.chart.samples import AS_OF, Resources, messy, stories, synthea

LATE = datetime(2100, 1, 1, tzinfo=UTC)
PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p", "birthDate": "1950-06-15"}


def lost(chart: Chart) -> Iterator[str]:
    """Cells whose path does not lead to their text."""
    for fact in (chart.patient, *chart.facts):
        for role, cell in fact.cells.items():
            reference = (cell.source or fact.reference).split("/_history/")[0]
            if cell.path != "Patient" and resolve(chart.resources[reference], cell.path) != cell.text:
                yield f"{reference} {role} {cell.path}"


def one(resource: dict[str, Any]) -> Chart:
    """A chart of one resource beside a patient."""
    person = [] if resource["resourceType"] == "Patient" else [PATIENT]
    return Chart.build([*person, resource], as_of=LATE)


def test_every_literal_of_the_stories_is_where_it_says() -> None:
    for resources, now in stories().values():
        assert list(lost(Chart.build(resources, as_of=now))) == []


def test_every_literal_of_the_sample_charts_is_where_it_says() -> None:
    for resources in synthea().values():
        assert list(lost(Chart.build(resources, as_of=AS_OF))) == []


def test_every_literal_of_other_makers_charts_is_where_it_says() -> None:
    assert len(messy()) > 500
    for resource in messy():
        assert list(lost(one(resource))) == []


def read_kinds(resources: Iterable[dict[str, Any]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for resource in resources:
        if resource["resourceType"] not in ("Patient",):
            chart = one(resource)
            known = found.setdefault(resource["resourceType"], [0, 0])
            known[0] += 1
            known[1] += not chart.facts and not chart.left_out
    return found


def test_nothing_of_other_makers_is_lost_without_a_word() -> None:
    """A resource gives facts, or is counted as left out, or only explains others."""
    for kind, (_, silent) in read_kinds(messy()).items():
        explains = {"Medication", "Practitioner", "PractitionerRole", "Organization", "Location"}
        assert kind in explains or silent == 0, kind


# --- single shapes -------------------------------------------------------------------------------------------------


def facts_of(kind: str, **fields: Any) -> tuple[Fact, ...]:
    return one({"resourceType": kind, "id": "1", **fields}).facts


def observation(**fields: Any) -> Fact:
    return facts_of("Observation", status="final", code={"text": "test"}, **fields)[0]


@pytest.mark.parametrize(
    ("fields", "value", "path"),
    [
        ({"valueInteger": 3}, "3", "Observation.value"),
        ({"valueString": "trace"}, "trace", "Observation.value"),
        ({"valueBoolean": True}, "true", "Observation.value"),
        (
            {"valueCodeableConcept": {"coding": [{"code": "a"}, {"display": "pos"}]}},
            "pos",
            "Observation.value.coding[1].display",
        ),
        ({"valueQuantity": {"value": 5, "unit": "mg"}}, "5", "Observation.value.value"),
        (
            {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 8}}},
            "1",
            "Observation.value.numerator.value",
        ),
        ({"valueRange": {"low": {"value": 2}, "high": {"value": 4}}}, "2", "Observation.value.low.value"),
    ],
)
def test_a_value_of_any_shape(fields: dict[str, Any], value: str, path: str) -> None:
    fact = observation(**fields)
    assert fact.value is not None
    assert (value, path) in [(c.text, c.path) for c in fact.cells.values()]


def test_a_comparator_is_marked_and_a_missing_value_says_why() -> None:
    assert "comparator" in observation(valueQuantity={"value": 5, "comparator": "<"}).tags
    absent = observation(dataAbsentReason={"text": "not performed"})
    assert (absent.value, absent.cells["absent"].text) == (None, "not performed")
    assert "preliminary" in facts_of("Observation", status="preliminary", code={"text": "t"}, valueInteger=1)[0].tags


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("effectiveDateTime", "2021-05", "2021-05"),
        ("effectivePeriod", {"start": "2021-05-01", "end": "2021-05-09"}, "2021-05-01"),
        ("effectiveInstant", "2021-05-14T10:00:00Z", "2021-05-14T10:00:00Z"),
        ("effectiveTiming", {"event": ["2021-05-14", "2021-05-15"]}, "2021-05-14"),
        ("issued", "2021-05-14T10:00:00Z", "2021-05-14T10:00:00Z"),
    ],
)
def test_a_date_of_any_shape(field: str, value: Any, text: str) -> None:
    fact = observation(valueInteger=1, **{field: value})
    assert fact.when is not None
    assert fact.when.text == text == fact.cells["when"].text


def test_a_medicine_by_code_by_reference_and_contained() -> None:
    drug = {"resourceType": "Medication", "id": "m", "meta": {"versionId": "3"}, "code": {"text": "warfarin 5 MG"}}
    ways: Resources = [
        {"id": "a", "medicationReference": {"reference": "Medication/m"}},
        {
            "id": "b",
            "medicationReference": {"reference": "#d"},
            "contained": [{"resourceType": "Medication", "id": "d", "code": {"text": "digoxin"}}],
        },
        {"id": "c", "medicationReference": {"display": "lost pill"}},
    ]
    orders = [{"resourceType": "MedicationRequest", "status": "active", **way} for way in ways]
    chart = Chart.build([PATIENT, drug, *orders], as_of=LATE)
    names = {f.reference: f.name for f in chart.of("medication")}
    assert names == {
        "MedicationRequest/a": "warfarin 5 MG",
        "MedicationRequest/b": "digoxin",
        "MedicationRequest/c": "lost pill",
    }
    by_reference = next(f for f in chart.facts if f.reference == "MedicationRequest/a")
    assert by_reference.cells["name"].source == "Medication/m/_history/3"
    assert list(lost(chart)) == []


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"allergy": "Bee venom", "verification": "refuted"}, "refuted"),
        ({"allergy": "Peanut", "verification": "entered-in-error"}, "entered-in-error"),
        ({"lab": "HbA1c", "date": "2021-05-14", "value": "8 %", "status": "entered-in-error"}, "entered-in-error"),
        ({"lab": "HbA1c", "date": "2021-08-02", "value": "8 %"}, "after_as_of"),
        ({"problem": "Asthma", "date": "2021-09"}, "after_as_of"),
        ({"problem": "Asthma", "date": "1999", "with": {"code": {}}}, "not_understood"),
    ],
)
def test_what_is_left_out_is_named_with_its_reason(entry: dict[str, Any], reason: str) -> None:
    chart = chart_of({"x": entry})
    assert chart.facts == ()
    assert list(chart.left_out) == [reason]


def test_what_ends_after_the_round_is_still_running() -> None:
    chart = chart_of({"x": {"problem": "Asthma", "date": "1999", "status": "resolved", "until": "2021-09-01"}})
    assert [(f.status, f.ended) for f in chart.facts] == [("active", None)]


def test_a_chart_without_a_patient_is_refused() -> None:
    with pytest.raises(ValueError, match="no Patient"):
        Chart.build(resources_of({})[1:], as_of=LATE)
