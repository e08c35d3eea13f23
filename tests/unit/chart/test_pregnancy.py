"""A pregnancy: what shows it, how far it is, what ends it, and what it changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chart.appraisal import Appraisal
from tests.unit.chart.entries import appraised

LOSS = {"problem": "Miscarriage in first trimester", "date": "2021-07-01"}
BIRTH = {"procedure": "Cesarean section", "date": "2021-07-21"}
HER = {"sex": "female", "born": "1990-02-03"}


def said(code: str, value: str, date: str = "2021-06-01") -> dict[str, Any]:
    """An observation under a LOINC code: words, or a number of weeks."""
    what: dict[str, Any] = {"code": {"coding": [{"system": "http://loinc.org", "code": code, "display": "pregnancy"}]}}
    if value[0].isdigit() and "-" not in value:
        what["valueQuantity"] = {"value": Decimal(value), "code": "wk"}
    else:
        what["valueString"] = value
    return {"lab": "pregnancy", "date": date, "with": what}


def weeks(entries: dict[str, dict[str, Any]]) -> int | str | None:
    found = appraised(entries, patient=HER).pregnancy
    return "no" if found is None else found.weeks


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({"d": said("11778-8", "2021-12-19")}, 20),  # 140 days before the date of delivery
        ({"g": said("11884-4", "12")}, 20),  # twelve weeks on 1 June, 61 days ago
        ({"s": said("82810-3", "Pregnant")}, None),
        ({"s": said("82810-3", "Not pregnant")}, "no"),
        ({"s": said("82810-3", "Pregnancy status unknown")}, "no"),
        ({"p": {"problem": "Normal pregnancy", "date": "2021-05-01"}}, None),
        ({"p": {"problem": "Normal pregnancy", "date": "2019-05-01"}}, "no"),  # nobody is pregnant for two years
        ({"p": {"problem": "Normal pregnancy", "date": "2021-05-01", "status": "resolved"}}, "no"),
        ({"d": said("11778-8", "2021-12-19"), "x": LOSS}, "no"),
        ({"d": said("11778-8", "2021-07-20", "2021-01-05"), "x": BIRTH}, "no"),
        ({"d": said("11778-8", "2021-12-19"), "s": said("82810-3", "Not pregnant", "2021-07-10")}, "no"),
        ({"d": said("11778-8", "2020-12-19", "2020-06-01")}, "no"),
        ({}, "no"),
    ],
)  # fmt: skip
def test_how_far(entries: dict[str, dict[str, Any]], expected: int | str | None) -> None:
    assert weeks(entries) == expected


def with_drug(name: str, due: str = "2021-12-19") -> Appraisal:
    order = {"medicine": name, "date": "2021-05-14"}
    return appraised({"d": said("11778-8", due), "o": order}, patient=HER)


@pytest.mark.parametrize(
    "name",
    [
        "lisinopril 10 MG Oral Tablet", "losartan 50 MG", "valproate 500 MG", "warfarin sodium 5 MG Oral Tablet",
        "isotretinoin 20 MG Oral Capsule", "methotrexate 2.5 MG Oral Tablet", "mycophenolate mofetil 500 MG",
        "atorvastatin 20 MG Oral Tablet", "doxycycline 100 MG Oral Tablet", "naproxen 500 MG Oral Tablet",
    ],
)  # fmt: skip
def test_a_drug_that_is_avoided(name: str) -> None:
    (found,) = with_drug(name).of("avoid")
    assert found.words["why"]
    assert found.facts


def test_others_are_not_and_pain_killers_only_from_twenty_weeks() -> None:
    assert not with_drug("labetalol 100 MG Oral Tablet").of("avoid")
    assert not with_drug("acetaminophen 500 MG Oral Tablet").of("avoid")
    assert not with_drug("naproxen 500 MG Oral Tablet", due="2022-01-09").of("avoid")  # seventeen weeks
    order = {"medicine": "lisinopril 10 MG Oral Tablet", "date": "2021-05-14"}
    assert not appraised({"o": order}, patient=HER).of("avoid")


def test_ranges_are_those_of_the_trimester() -> None:
    results = {
        "h": {"lab": "Hb", "date": "2021-07-20", "value": "10.7 g/dL"},
        "c": {"lab": "creatinine", "date": "2021-07-20", "value": "0.90 mg/dL"},
    }
    alone = appraised(results, patient=HER)
    pregnant = appraised({**results, "d": said("11778-8", "2021-12-19")}, patient=HER)
    for found, hemoglobin, creatinine in ((alone, "low", "within"), (pregnant, "within", "high")):
        sides = {k: found.ranges[k].side(found.series[k].points[-1].value) for k in ("hemoglobin", "creatinine")}
        assert sides == {"hemoglobin": hemoglobin, "creatinine": creatinine}
