"""Questions in plain English, in many wordings, answered from an invented chart; every sentence stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import pytest

from agents.offline.questions.answer import answer
from agents.offline.questions.asked import form_of, plain
from agents.offline.questions.period import Period, read_period
from agents.reasoner import Brief, Material
from chart.spelling import is_named, spelled
from claims.claim import Claim, Draft, Section
from evals.charts import material_of
from graphs.drafting import verdicts

NOW = datetime(2021, 8, 1, tzinfo=UTC)


def coded(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": kind, "code": {"text": name}, "subject": {"reference": "Patient/p"}, **more}


def result(name: str, loinc: str, value: float, unit: str, day: str) -> dict[str, Any]:
    code = {"text": name, "coding": [{"system": "http://loinc.org", "code": loinc, "display": name}]}
    quantity = {"value": value, "unit": unit, "code": unit, "system": "http://unitsofmeasure.org"}
    return {
        **coded("Observation", name, status="final", effectiveDateTime=day, valueQuantity=quantity),
        "code": code,
    }


def problem(name: str, status: str, day: str, ended: str | None = None) -> dict[str, Any]:
    more = {"abatementDateTime": ended} if ended else {}
    return coded("Condition", name, clinicalStatus={"coding": [{"code": status}]}, onsetDateTime=day, **more)


def order(name: str, status: str, day: str) -> dict[str, Any]:
    medicine = {"text": name}
    return {
        "resourceType": "MedicationRequest",
        "status": status,
        "intent": "order",
        "medicationCodeableConcept": medicine,
        "authoredOn": day,
        "subject": {"reference": "Patient/p"},
    }


RESOURCES: list[Mapping[str, Any]] = [
    {"resourceType": "Patient", "birthDate": "1950-02-03", "gender": "female"},
    result("Hemoglobin A1c/Hemoglobin.total in Blood", "4548-4", 7.9, "%", "2019-03-04"),
    result("Hemoglobin A1c/Hemoglobin.total in Blood", "4548-4", 8.4, "%", "2020-03-05"),
    result("Hemoglobin A1c/Hemoglobin.total in Blood", "4548-4", 7.1, "%", "2021-03-06"),
    result("Body Weight", "29463-7", 80, "kg", "2020-03-05"),
    result("Body Weight", "29463-7", 84, "kg", "2021-03-06"),
    result("Pain severity - 0-10 verbal numeric rating [Score] - Reported", "72514-3", 2, "{score}", "2021-03-06"),
    problem("Diabetes", "active", "2008-05-06"),
    problem("Viral sinusitis (disorder)", "resolved", "2018-02-01", "2018-02-20"),
    order("24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet", "active", "2021-03-06"),
    order("Simvastatin 10 MG Oral Tablet", "stopped", "2017-03-06"),
    {
        "resourceType": "AllergyIntolerance",
        "code": {"text": "Allergy to fish"},
        "patient": {"reference": "Patient/p"},
        "recordedDate": "1960-01-02",
    },
    {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": {"text": "Influenza, seasonal, injectable, preservative free"},
        "occurrenceDateTime": "2020-10-11",
        "patient": {"reference": "Patient/p"},
    },
    {
        "resourceType": "Immunization",
        "status": "not-done",
        "vaccineCode": {"text": "zoster"},
        "occurrenceDateTime": "2020-10-11",
        "patient": {"reference": "Patient/p"},
    },
    coded("Procedure", "Colonoscopy", status="completed", performedDateTime="2015-06-07"),
    {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": "EMER"},
        "type": [{"text": "Emergency room admission"}],
        "period": {"start": "2016-01-02T03:04:05Z"},
        "subject": {"reference": "Patient/p"},
    },
]


@cache
def material() -> Material:
    named = [{**one, "id": "p" if one["resourceType"] == "Patient" else f"r{n}"} for n, one in enumerate(RESOURCES)]
    return material_of(named, as_of=NOW, tasks=("question",))


def asked(question: str) -> Draft:
    own = replace(material(), brief=Brief(tasks=("question",), question=question))
    draft = answer(own)
    assert [v.reasons for v in verdicts(draft, own) if not v.stands] == []
    return draft


def said(question: str) -> str:
    return " ".join(c.text for c in asked(question).claims)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the latest hemoglobin A1c?", "HbA1c 7.1 % (6 Mar 2021)"),
        ("Could you tell me what her A1c was the last time it was checked?", "HbA1c 7.1 % (6 Mar 2021)"),
        ("hba1c", "HbA1c 7.1 % (6 Mar 2021)"),
        ("What's the highest glycated haemoglobin on record?", "Highest HbA1c 8.4 % (5 Mar 2020"),
        ("Lowest A1c since 2020?", "Lowest HbA1c 7.1 %"),
        ("What was the first A1c value?", "First HbA1c 7.9 % (4 Mar 2019"),
        ("What is the mean A1c between 2019 and 2020?", "Mean of 2 values of HbA1c: 8.15 %"),
        ("How many A1c results are there?", "3 results"),
        ("How often was the A1c measured in 2020?", "1 results"),
        ("How many times was hemoglobin A1c over 7.5?", "2 results"),
        ("How has the A1c changed since 2020?", "HbA1c fell: 8.4 % (5 Mar 2020) → 7.1 % (6 Mar 2021), change −1.3"),
        ("Did the weight go up?", "Weight rose: 80.0 kg (5 Mar 2020) → 84.0 kg (6 Mar 2021), change +4.0"),
        ("Is the last A1c above 7?", "Yes: last HbA1c 7.1 %"),
        ("Is the last A1c below 7?", "Last HbA1c 7.1 % (6 Mar 2021): above that number"),
        ("Was the A1c ever above 9?", "Highest HbA1c 8.4 %"),
        ("How much does the patient weigh?", "84.0 kg"),
        ("How long ago was the last A1c?", "148 days ago"),
        ("Does the patient have diabetes?", "Yes: Diabetes is active"),
        ("Has she got asthma?", "No: no asthma on record"),
        ("Does the patient currently have viral sinusitis?", "No longer: Viral sinusitis is resolved"),
        ("Any history of viral sinusitis?", "Yes, in the past: Viral sinusitis is resolved"),
        ("When was diabetes diagnosed?", "Diabetes, 6 May 2008"),
        ("When did the viral sinusitis resolve?", "ended 20 Feb 2018"),
        ("How long has she been diabetic?", "Diabetes, 6 May 2008, 159 months ago"),
        ("Does the patient have joint pain?", "No: no problem named joint pain on record"),
        ("Is the patient on metformin?", "Yes: metformin 500 mg XR"),
        ("Is the patient still taking simvastatin?", "No: simvastatin 10 mg, last ordered 6 Mar 2017, stopped"),
        ("Has the patient ever been prescribed simvastatin?", "Yes: simvastatin 10 mg"),
        ("Is she on a statin?", "No: simvastatin 10 mg"),
        ("Is the patient taking warfarin?", "No: no warfarin order on record"),
        ("What medications is the patient taking?", "Metformin 500 mg XR (6 Mar 2021)."),
        ("How many active prescriptions are there?", "1 active medicine"),
        ("Is the patient allergic to fish?", "Yes: Allergy to fish is on the allergy list"),
        ("Is the patient allergic to penicillin?", "No: no allergy to penicillin on record"),
        ("List all allergies.", "Allergy to fish"),
        ("Has the patient had a flu shot in 2020?", "Yes: Influenza, seasonal"),
        ("Was a flu vaccine given in 2019?", "injectable, preservative free vaccination on record in that time"),
        ("Has the patient had the shingles vaccine?", "No: no shingles vaccination on record"),
        ("Has the patient ever had a colonoscopy?", "Yes: Colonoscopy, 7 Jun 2015"),
        ("When was the last colonoscopy?", "Colonoscopy, 7 Jun 2015"),
        ("Has the patient ever had a mammogram?", "No: no mammogram on record"),
        ("How many emergency visits has the patient had?", "1 emergency visit, 2 Jan 2016"),
        ("How old is the patient?", "71 years, born 3 Feb 1950"),
        ("What is the patient's sex?", "Sex: female"),
        ("Is the patient alive?", "Alive by the record"),
        ("When was the patient born?", "Born 3 Feb 1950"),
        ("What is the last troponin?", "No troponin I on record"),
        ("What was the A1c in 2016?", "No HbA1c on record in that time"),
    ],
)
def test_a_question_is_answered_from_the_chart(question: str, expected: str) -> None:
    assert expected in said(question)


@pytest.mark.parametrize(
    "question",
    [
        "Is blood pressure controlled?",
        "Why is the patient taking metformin?",
        "Who is the patient's doctor?",
        "What should I do about the A1c tomorrow?",
        "",
    ],
)
def test_what_the_rules_cannot_read_is_refused_and_never_called_absent(question: str) -> None:
    draft = asked(question)
    assert draft.refusal
    assert not draft.claims


def test_an_answer_cites_what_it_says_and_counts_what_it_counts() -> None:
    (last,) = asked("What is the latest hemoglobin A1c?").claims
    assert {c.value for c in last.citations} >= {"7.1", "2021-03-06"}
    (counted,) = asked("How many A1c results are there?").claims
    assert counted.computed is not None
    assert len(counted.computed.of) == 3


def test_nothing_is_absent_from_what_was_not_read() -> None:
    lines = {k: v for k, v in material().coverage.items() if not v.query.startswith("Observation")}
    own = replace(material(), coverage=lines, brief=Brief(tasks=("question",), question="What is the last troponin?"))
    draft = answer(own)
    assert not draft.claims
    assert draft.refusal is not None
    assert "not read in full" in draft.refusal


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("a1c in 2019", date(2019, 1, 1), date(2019, 12, 31)),
        ("visits since march 2018", date(2018, 3, 1), None),
        ("before 2018-05-02", None, date(2018, 5, 1)),
        ("after 2018", date(2019, 1, 1), None),
        ("between 2 may 2018 and 2019-02", date(2018, 5, 2), date(2019, 2, 28)),
        ("from 2018 to 2019", date(2018, 1, 1), date(2019, 12, 31)),
        ("in the last six months", date(2021, 2, 1), date(2021, 8, 1)),
        ("over the past 10 days", date(2021, 7, 22), date(2021, 8, 1)),
        ("last year", date(2020, 1, 1), date(2020, 12, 31)),
        ("on may 3, 2020", date(2020, 5, 3), date(2020, 5, 3)),
    ],
)
def test_the_time_of_a_question(text: str, start: date | None, end: date | None) -> None:
    period, _ = read_period(text, NOW)
    assert period == Period(start=start, end=end)


def test_a_number_in_a_name_is_no_year() -> None:
    text = "last comprehensive metabolic 2000 panel"
    assert read_period(text, NOW, within=frozenset(spelled("comprehensive metabolic 2000 panel"))) == (None, text)


def test_the_form_of_a_question_does_not_hang_on_courtesies() -> None:
    assert form_of(plain("Please tell me when the last visit was?")).wants == "when"
    assert form_of(plain("So, is the patient allergic to latex?")).hint == "allergy"


def test_names_are_compared_as_people_spell_them() -> None:
    assert is_named(spelled("anaemias"), "Anemia (disorder)")
    assert is_named(spelled("mammogram"), "Mammography (procedure)")
    assert not is_named(spelled("sinusitis"), "Viral pharyngitis")


@pytest.mark.parametrize(
    ("absent", "stands"),
    [
        ("worded:procedure:colonoscop", False),
        ("worded:procedure:colonoscop@2016-01-01/", True),
        ("worded:procedure:colonoscop@2015-01-01/2015-12-31", False),
        ("worded:procedure:mammogra", True),
        ("worded:immunization:zoster", True),
        ("kind:procedure", False),
    ],
)
def test_a_false_absence_falls_whatever_words_or_days_it_was_looked_for_in(absent: str, stands: bool) -> None:
    look = material().looked_at(
        "Immunization" if "immunization" in absent else "Procedure",
    )
    claim = Claim(id="q1", text="Nothing of it on record.", kind="absence", salience=1, coverage=look, absent=(absent,))
    draft = Draft(task="question", sections=(Section(title="Answer", claims=(claim,)),))
    (verdict,) = verdicts(draft, material())
    assert verdict.stands == stands
