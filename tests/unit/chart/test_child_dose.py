"""A child's doses: held to the weight, to the absolute limit, and said where they are not checked."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.appraisal import Appraisal
from chart.child_dose import dose_rules
from chart.drug import drugs
from claims.compute import NotComputable, compute
from tests.unit.chart.entries import appraised

CASES = yaml.safe_load(Path(__file__).with_name("child_doses.yaml").read_text(encoding="utf-8"))
CHILD = {"born": "2015-05-01"}
WEIGHT = {"lab": "weight", "date": "2021-07-20", "value": "20 kg"}


def order(case: dict[str, Any]) -> dict[str, Any]:
    dosage: dict[str, Any] = {"asNeededBoolean": True} if case.get("as_needed") else {}
    if "amount" in case:
        number, _, unit = str(case["amount"]).partition(" ")
        dosage["doseAndRate"] = [{"doseQuantity": {"value": Decimal(number), "unit": unit, "code": unit}}]
        dosage["timing"] = {"repeat": {"frequency": case["times"], "period": 1, "periodUnit": "d"}}
    return {"medicine": case["drug"], "date": "2021-07-20", "with": {"dosageInstruction": [dosage]} if dosage else {}}


def child(case: dict[str, Any], **entries: dict[str, Any]) -> Appraisal:
    return appraised({"o": order(case), "w": WEIGHT, **entries}, patient=CHILD)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['drug'][:24]}-{c.get('amount')}-{c.get('times')}")
def test_a_dose(case: dict[str, Any]) -> None:
    doses = child(case).doses
    assert doses is not None
    found = [f"{f.words['side']} {f.words['per']}" for f in doses.findings]
    assert found == ([case["wrong"]] if "wrong" in case else [])
    assert [why for _, why in doses.unchecked] == ([case["why"]] if "why" in case else [])
    assert len(doses.checked) + len(doses.unchecked) == 1


def test_without_a_weight_nothing_is_checked_and_that_is_said() -> None:
    alone = appraised({"o": order(CASES[2])}, patient=CHILD)
    assert alone.doses is not None
    assert [why for _, why in alone.doses.unchecked] == ["no weight"]
    assert not alone.doses.findings


def test_a_weight_that_cannot_be_is_not_used() -> None:
    slip = {"lab": "weight", "date": "2021-07-30", "value": "44 kg"}  # pounds, written as kilograms
    assert [f.words["side"] for f in child(CASES[2], s=slip).of("dose_by_weight")] == ["over"]


def test_an_adult_is_not_dosed_by_weight() -> None:
    assert appraised({"o": order(CASES[2]), "w": WEIGHT}).doses is None


def test_the_verifier_works_the_dose_out_again() -> None:
    appraisal = child(CASES[2])
    by_id = appraisal.chart.by_id
    order_, weight = by_id["M1"], by_id["V1"]
    assert compute("dose_per_kg_day", [order_, weight], appraisal) == (Decimal(100), "mg/kg")
    assert compute("most_per_kg_day", [order_], appraisal) == (Decimal(90), "mg/kg")
    assert compute("dose_day", [order_], appraisal) == (Decimal(2000), "mg")
    with pytest.raises(NotComputable):
        compute("dose_per_kg_day", [order_, order_], appraisal)
    with pytest.raises(NotComputable):
        compute("most_once", [order_], appraisal)


def test_every_row_names_its_source_and_an_ingredient_that_the_table_of_medicines_knows() -> None:
    known = drugs().classes
    for rule in dose_rules().by_ingredient.values():
        assert rule.source.startswith("FDA label"), rule.ingredient
        assert rule.ingredient in known
        assert all(0 <= low <= high for low, high in rule.per_kg.values())


@pytest.mark.parametrize(
    ("born", "key", "value", "side"),
    [
        ("2012-01-20", "heart rate", "66 /min", "low"),
        ("2012-01-20", "heart rate", "90 /min", "within"),
        ("2021-06-20", "heart rate", "150 /min", "within"),
        ("2019-01-20", "Hb", "10.9 g/dL", "low"),
        ("2020-09-20", "Hb", "10.9 g/dL", "within"),
        ("2012-01-20", "creatinine", "0.90 mg/dL", "high"),
        ("1950-01-20", "creatinine", "0.90 mg/dL", "within"),
    ],
)
def test_a_range_goes_by_the_age_on_the_day(born: str, key: str, value: str, side: str) -> None:
    found = appraised({"x": {"lab": key, "date": "2021-07-20", "value": value}}, patient={"born": born})
    (name,) = found.ranges
    assert found.ranges[name].side(found.series[name].points[-1].value) == side
