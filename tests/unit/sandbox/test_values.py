"""How each FHIR datatype becomes index rows."""

from typing import Any

import pytest

from preround.sandbox.instants import EARLIEST, LATEST, span
from preround.sandbox.parameters import registry
from preround.sandbox.values import INFINITE, Row, fold, identifier_rows, rows, target_row

BASE = "http://sandbox.test/fhir"


def row_set(resource_type: str, parameter: str, /, **elements: Any) -> set[Row]:
    return rows(registry().parameters[resource_type][parameter], {"resourceType": resource_type, **elements}, BASE)


def test_tokens() -> None:
    coding = [{"system": "s", "code": "1"}, {"code": "2"}, {"display": "no code"}]
    assert row_set("Observation", "code", code={"coding": coding}) == {("s", "1"), ("", "2")}
    assert row_set("Encounter", "class", **{"class": {"system": "s", "code": "AMB"}}) == {("s", "AMB")}
    assert row_set("Patient", "identifier", identifier=[{"system": "s", "value": "v"}, {"system": "s"}]) == {("s", "v")}
    assert row_set(
        "Patient", "phone", telecom=[{"system": "phone", "value": "1"}, {"system": "email", "value": "e"}]
    ) == {("", "1")}
    assert row_set("Patient", "gender", gender="female") == {("", "female")}
    assert row_set("Patient", "active", active=False) == {("", "false")}


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, "false"),
        ({"deceasedBoolean": False}, "false"),
        ({"deceasedBoolean": True}, "true"),
        ({"deceasedDateTime": "2020"}, "true"),
    ],
)
def test_deceased_is_known_of_everyone(elements: dict[str, Any], expected: str) -> None:
    assert row_set("Patient", "deceased", **elements) == {("", expected)}


def test_an_extension_is_chosen_by_its_address() -> None:
    race = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
    coded = {"url": "ombCategory", "valueCoding": {"system": "s", "code": "2106-3"}}
    other = {"url": "http://elsewhere", "extension": [{"valueCoding": {"code": "no"}}]}
    assert row_set("Patient", "race", extension=[other, {"url": race, "extension": [coded]}]) == {("s", "2106-3")}


def test_dates() -> None:
    year, day = span("2013"), span("2013-05-06")
    assert year
    assert day
    assert row_set("Observation", "date", effectiveDateTime="2013") == {year}
    assert row_set("Encounter", "date", period={"start": "2013"}) == {(year[0], LATEST)}
    assert row_set("Encounter", "date", period={"end": "2013"}) == {(EARLIEST, year[1])}
    assert row_set("Encounter", "date", period={}) == set()
    assert row_set("Observation", "date", effectiveDateTime="the other day") == set()
    timing = {"event": ["2013-05-06", "2013"], "repeat": {"boundsPeriod": {"start": "2013", "end": "2013-05-06"}}}
    assert row_set("Observation", "date", effectiveTiming=timing) == {year}


def test_strings_are_folded() -> None:
    assert fold("  ÉCOLE  Straße\n") == "ecole strasse"
    name = {"family": "Núñez", "given": ["Ana"], "use": "official", "period": {"start": "2013"}}
    assert row_set("Patient", "name", name=[name]) == {("nunez", "Núñez"), ("ana", "Ana")}
    address = {"line": ["1 High St"], "city": "Bath", "use": "home"}
    assert row_set("Patient", "address", address=[address]) == {("1 high st", "1 High St"), ("bath", "Bath")}


def test_quantities() -> None:
    unit = {"system": "http://unitsofmeasure.org", "code": "cm", "unit": "centimetre"}
    tail = ("http://unitsofmeasure.org", "cm", "centimetre")
    assert row_set("Observation", "value-quantity", valueQuantity={"value": 5, **unit}) == {(5.0, 5.0, *tail)}
    below = row_set("Observation", "value-quantity", valueQuantity={"value": 5, "comparator": "<", **unit})
    assert below == {(-INFINITE, 5.0, *tail)}
    assert row_set("Observation", "value-quantity", valueQuantity={"unit": "cm"}) == set()
    ranged = {"low": {"value": 40, "unit": "a"}, "high": {"value": 50, "unit": "a"}}
    assert row_set("Condition", "onset-age", onsetRange=ranged) == {(40.0, 50.0, "", "", "a")}


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Patient/1", ("1", "Patient")),
        ("Patient/1/_history/2", ("1", "Patient")),
        (f"{BASE}/Patient/1", ("1", "Patient")),
        ("http://elsewhere/fhir/Patient/1", ("http://elsewhere/fhir/Patient/1", "")),
        ("urn:uuid:1", ("urn:uuid:1", "")),
    ],
)
def test_reference_targets(text: str, target: tuple[str, str]) -> None:
    assert target_row(text, BASE) == target


def test_contained_and_logical_references() -> None:
    assert row_set("Observation", "subject", subject={"reference": "#p"}) == set()
    subject = {"identifier": {"system": "s", "value": "v"}}
    assert row_set("Observation", "subject", subject=subject) == set()
    parameter = registry().parameters["Observation"]["subject"]
    assert identifier_rows(parameter, {"resourceType": "Observation", "subject": subject}) == {("s", "v")}


@pytest.mark.parametrize(
    "broken", [None, 1, "x", [], [[]], [None], {}, {"coding": None}, {"reference": 5}, [{"value": {}}]]
)
def test_no_shape_breaks_the_index(broken: Any) -> None:
    known = registry()
    for resource_type, members in known.parameters.items():
        for parameter in members.values():
            content = {path[0].name: broken for path in parameter.paths}
            assert isinstance(rows(parameter, {"resourceType": resource_type, **content}, BASE), set)
