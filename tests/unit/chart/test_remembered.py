"""What readers remember changes nothing: the same content gives the same facts, other content is never taken for it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from decimal import Decimal
from typing import Any

import pytest

from chart.chart import Chart
from chart.fact import Fact
from chart.node import Node
from chart.remembered import remembered
from tests.unit.chart.mutants import mutated
from tests.unit.chart.samples import Resources, stories
from tests.unit.chart.test_extract import PATIENT, facts_of


def test_what_was_read_before_is_not_read_again() -> None:
    asked: list[Any] = []

    @remembered("code", "status")
    def reader(node: Node) -> str:
        asked.append(node.value)
        return node.text_of("code") or "none"

    entries: Resources = [{"code": "a", "id": str(n), "status": "final"} for n in range(5)]
    assert [reader(Node(each, "Observation")) for each in entries] == ["a"] * 5
    # The reader is shown nothing but what it named, so that what it makes can't depend on more.
    assert asked == [{"code": "a", "status": "final"}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"code": True}, {"code": 1}),
        ({"code": "1"}, {"code": 1}),
        ({"code": [1]}, {"code": [[1]]}),
        ({"code": "a"}, {"status": "a"}),
        ({"code": 1.0}, {"code": 1}),
    ],
)
def test_contents_that_only_look_alike_are_kept_apart(one: dict[str, Any], other: dict[str, Any]) -> None:
    reader = remembered("code", "status")(lambda node: repr(node.value))
    assert reader(Node(one, "A")) == repr(one)
    assert reader(Node(other, "A")) == repr(other)
    paths = remembered("code")(lambda node: node.path)
    assert [paths(Node(one, path)) for path in ("A", "B", "A")] == ["A", "B", "A"]


def test_measurements_of_one_thing_keep_their_own_number_unit_and_date() -> None:
    quantities: list[dict[str, Any]] = [
        {"value": 5, "unit": "g"},
        {"value": Decimal("5.0"), "unit": "g"},
        {"value": 5, "unit": "mg", "comparator": "<"},
        {"unit": "g"},
    ]
    found = [
        facts_of("Observation", code={"text": "x"}, effectiveDateTime=f"2020-01-0{n}", valueQuantity=quantity)[0]
        for n, quantity in enumerate(quantities * 2, start=1)
    ]
    seen = [(str(f.value), f.unit, "comparator" in f.tags, f.cells["when"].text) for f in found]
    said = [("5", "g", False), ("5.0", "g", False), ("5", "mg", True), ("None", "g", False)] * 2
    assert seen == [(*each, f"2020-01-0{n}") for n, each in enumerate(said, start=1)]
    assert ["value" in f.cells for f in found] == [True, True, True, False] * 2


def test_of_two_medicines_in_one_order_the_first_counts_whatever_was_read_before() -> None:
    coded, pointed = {"text": "x"}, {"display": "y"}
    for _ in range(2):
        (first,) = facts_of("MedicationRequest", medicationCodeableConcept=coded, medicationReference=pointed)
        (second,) = facts_of("MedicationRequest", medicationReference=pointed, medicationCodeableConcept=coded)
        assert (first.name, second.name) == ("x", "y")


def test_orders_that_differ_in_one_place_stay_apart() -> None:
    orders = [
        facts_of(
            "MedicationRequest",
            medicationCodeableConcept={"text": "x"},
            dosageInstruction=[{"doseAndRate": [{"doseQuantity": {"value": Decimal(dose)}}]}],
        )[0]
        for dose in ("1.0", "1.00", "1.0")
    ]
    assert [order.cells["dose"].text for order in orders] == ["1.0", "1.00", "1.0"]


def test_a_chart_reads_the_same_whatever_was_read_before() -> None:
    resources, now = stories()["hard-chart"]
    first = [told(fact) for fact in Chart.build(resources, as_of=now).facts]
    for seed, each in enumerate(resources * 3):
        if each["resourceType"] != "Patient":
            Chart.build([PATIENT, mutated(each, seed)], as_of=now)
    assert [told(fact) for fact in Chart.build(resources, as_of=now).facts] == first


def told(fact: Fact) -> dict[str, Any]:
    return {each.name: getattr(fact, each.name) for each in fields(fact)}


def test_a_fact_is_frozen_however_it_was_filled() -> None:
    (fact,) = facts_of("Observation", status="final", code={"text": "x"}, valueInteger=1)
    assert type(fact) is Fact
    with pytest.raises(FrozenInstanceError):
        fact.name = "y"  # type: ignore[misc]


def test_texts_and_single_cells_are_those_of_all_cells() -> None:
    resources, now = stories()["hard-chart"]
    asked, made = Chart.build(resources, as_of=now).facts, Chart.build(resources, as_of=now).facts
    assert len(asked) > 20
    for one, other in zip(asked, made, strict=True):
        texts, unit = list(one.texts), one.beside("unit")
        assert texts == [cell.text for cell in other.cells.values()]
        assert unit == other.cells.get("unit")
        assert list(other.texts) == texts
        assert one.cells == other.cells


def test_panels_and_answers_read_the_same_whatever_was_read_before() -> None:
    def panel(*numbers: Any) -> list[tuple[str, Any, str]]:
        parts = [{"code": {"text": f"c{n}"}, "valueQuantity": {"value": v, "unit": "g"}} for n, v in enumerate(numbers)]
        found = facts_of("Observation", status="final", code={"text": "x"}, component=parts)
        return [(f.name, f.value, f.cells["value"].path) for f in found]

    place = "Observation.component{}.value.value"
    both = [("c0", 1, place.format("[0]")), ("c1", Decimal("2.0"), place.format("[1]"))]
    assert panel(1, Decimal("2.0")) == panel(1, Decimal("2.0")) == both
    assert panel(3) == [("c0", 3, place.format(""))]
    words = [{"text": "yes"}, {"text": "no"}, {"text": "yes"}, None]
    answers = [facts_of("Observation", code={"text": "x"}, valueCodeableConcept=word)[0] for word in words]
    assert [(f.value, "no_value" in f.tags) for f in answers] == [
        ("yes", False),
        ("no", False),
        ("yes", False),
        (None, True),
    ]
