"""A medicine that is about to be proposed, beside the chart."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chart.appraisal import appraise
from chart.chart import Chart
from chart.proposed import Checked, check
from tools.guidelines.case_chart import chart

AS_OF = datetime(2021, 8, 1, tzinfo=UTC)
STATIN = "atorvastatin 20 MG Oral Tablet"
METFORMIN = "metformin hydrochloride 500 MG Oral Tablet"


def egfr(value: float, day: str = "2021-05-01") -> dict[str, Any]:
    return {"Observation": "loinc 62238-1", "date": day, "value": f"{value} mL/min/{{1.73_m2}}", "text": "eGFR"}


def order(name: str, day: str = "2021-06-01") -> dict[str, Any]:
    return {"MedicationRequest": name, "date": day}


def checked(name: str, *entries: dict[str, Any], born: str = "1961-03-01") -> Checked:
    resources = chart({"born": born, "sex": "female"}, entries)
    return check(name, appraise(Chart.build(resources, as_of=AS_OF)))


def against(name: str, *entries: dict[str, Any], born: str = "1961-03-01") -> list[str]:
    return [each.words for each in checked(name, *entries, born=born).against]


def test_where_nothing_speaks_against_it_what_was_compared_is_said() -> None:
    found = checked(STATIN, order("lisinopril 10 MG Oral Tablet"), {"AllergyIntolerance": "penicillin v"})
    assert found.against == ()
    assert found.words.startswith("Compared with 1 recorded allergies, 1 medicines in use")
    assert f"{found.pairs} named pairs checked." in found.words
    assert found.pairs >= 7
    assert "safe" not in found.words


@pytest.mark.parametrize(
    ("name", "entry", "said"),
    [
        (STATIN, {"AllergyIntolerance": "atorvastatin"}, "allergy or intolerance to atorvastatin is recorded"),
        (STATIN, {"AllergyIntolerance": "simvastatin"}, "of the same class (statin)"),
        ("amoxicillin 500 MG Oral Capsule", {"AllergyIntolerance": "Allergy to penicillin"}, "penicillin"),
        (STATIN, order("atorvastatin 40 MG Oral Tablet"), "is in use already"),
        (STATIN, order("atorvastatin 40 MG Oral Tablet", "2019-01-01"), "never stopped"),
        (STATIN, order("simvastatin 20 MG Oral Tablet"), "also a statin, is in use"),
        ("naproxen 500 MG Oral Tablet", order("warfarin 5 MG Oral Tablet"), "bleeding"),
        ("warfarin 5 MG Oral Tablet", order("naproxen 500 MG Oral Tablet"), "bleeding"),
        (METFORMIN, egfr(44), "eGFR 44 of 2021-05-01 is below 45"),
        ("spironolactone 25 MG Oral Tablet", egfr(29), "below 30"),
        (
            "lisinopril 10 MG Oral Tablet",
            {"Observation": "loinc 2823-3", "date": "2021-07-01", "value": "5.6 mmol/L", "text": "Potassium"},
            "Potassium 5.6 of 2021-07-01 speaks against it",
        ),
        (
            "lorazepam 1 MG Oral Tablet",
            {"Condition": "snomed 52448006", "date": "2020-01-01", "text": "Dementia"},
            "avoided in",
        ),
    ],
)
def test_what_speaks_against_it_is_said(name: str, entry: dict[str, Any], said: str) -> None:
    found = against(name, entry, *([egfr(80)] if "eGFR" not in str(entry) and "warfarin" in name else []))
    assert any(said in each for each in found), found


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        (METFORMIN, egfr(45)),
        ("spironolactone 25 MG Oral Tablet", egfr(30)),
        (STATIN, {"AllergyIntolerance": "peanut"}),
        (STATIN, {"AllergyIntolerance": "simvastatin", "with": {"clinicalStatus": {"coding": [{"code": "resolved"}]}}}),
        (STATIN, {**order("atorvastatin 40 MG Oral Tablet"), "with": {"status": "stopped"}}),
        ("insulin glargine 100 UNT/ML", order("insulin lispro 100 UNT/ML Injectable Solution")),
        ("lorazepam 1 MG Oral Tablet", order("lisinopril 10 MG Oral Tablet")),
    ],
)
def test_what_does_not_speak_against_it_does_not(name: str, entry: dict[str, Any]) -> None:
    assert against(name, entry) == []


def test_an_age_speaks_against_it() -> None:
    assert against("lorazepam 1 MG Oral Tablet", born="1956-08-02") == []
    assert against("lorazepam 1 MG Oral Tablet", born="1956-08-01") == ["It is to be avoided at 65 years."]


def test_a_pregnancy_speaks_against_it() -> None:
    pregnant = {"Condition": "snomed 77386006", "date": "2021-06-01", "text": "Pregnancy"}
    assert "avoided in pregnancy" in " ".join(against(STATIN, pregnant, born="1991-03-01"))


@pytest.mark.parametrize("entries", [[], [egfr(80, "2020-04-01")]], ids=["never measured", "16 months ago"])
def test_a_kidney_function_that_nobody_knows_is_said(entries: list[dict[str, Any]]) -> None:
    assert against(METFORMIN, *entries) == ["No kidney function of the last 15 months is known, which it goes by."]


def test_a_creatinine_stands_in_for_the_filtration_rate() -> None:
    creatinine = {"Observation": "loinc 2160-0", "date": "2021-05-01", "value": "2.5 mg/dL", "text": "Creatinine"}
    (found,) = against(METFORMIN, creatinine)
    assert "is below 45" in found
    assert against(METFORMIN, {**creatinine, "value": "0.8 mg/dL"}) == []


def test_a_medicine_that_the_tables_do_not_know_is_said() -> None:
    assert "do not know this medicine" in checked("zzyzxamab 10 MG Injection").words
