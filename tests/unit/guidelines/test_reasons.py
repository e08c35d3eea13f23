"""Why, and why not: the clauses that decided, in words, with what they looked at."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.guidelines import foreign
from tools.guidelines.adding import add
from tools.guidelines.case_chart import chart
from tools.guidelines.library import GuidelineLibrary, load
from tools.guidelines.reasons import Reason, described, reasons
from tools.guidelines.sources import read_bytes
from tools.guidelines.worker import GuidelineWorker

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIBRARY = load()
AS_OF = datetime(2021, 8, 1, tzinfo=UTC)
MAN = {"born": "1951-03-01", "sex": "male"}
FIBRILLATION = {"Condition": "snomed 49436004", "date": "2018-01-01"}
PRESSURE = {"Condition": "icd10 I10", "date": "2018-01-01"}
APIXABAN = {"MedicationRequest": "apixaban 5 MG Oral Tablet", "date": "2021-05-01"}


def flat(found: tuple[Reason, ...]) -> Iterator[Reason]:
    for each in found:
        yield each
        yield from flat(each.because)


async def why(worker: GuidelineWorker, name: str, *entries: object, **more: object) -> tuple[Reason, ...]:
    resources = chart(MAN, entries)  # type: ignore[arg-type]
    given = {"as_of": AS_OF, "doubtful": frozenset(), **more}
    return await reasons(worker, LIBRARY, name, resources, **given)  # type: ignore[arg-type]


async def test_what_is_due_shows_each_question_and_its_resources(worker: GuidelineWorker) -> None:
    found = await why(worker, "af-anticoagulation", FIBRILLATION, PRESSURE)
    assert [(each.words, each.value) for each in found] == [
        ("Applies", True),
        ("Excluded", False),
        ("Declined", False),
        ("Done", False),
    ]
    said = {each.words: each for each in flat(found)}
    assert said["there is Fibrillation"].looked_at == ("Condition/1",)
    assert (said["Age"].value, said["Score"].value) == ("70", "2")
    assert "MedicationRequest: Oral anticoagulant" in said["there is Current Orders"].because[0].looked_for


async def test_why_not_stops_at_the_clause_that_decided(worker: GuidelineWorker) -> None:
    found = await why(worker, "af-anticoagulation", PRESSURE)
    assert [each.words for each in found] == ["Applies"]
    (missing,) = [each for each in found[0].because if each.words == "there is Fibrillation"]
    assert (missing.value, missing.looked_for) == (False, ("Condition: Atrial fibrillation or flutter",))
    # What held does not explain why not.
    assert "Age ≥ 18" not in {each.words for each in found[0].because}


async def test_what_is_done_names_what_did_it(worker: GuidelineWorker) -> None:
    found = await why(worker, "af-anticoagulation", FIBRILLATION, PRESSURE, APIXABAN)
    done = found[-1]
    assert (done.words, done.value) == ("Done", True)
    assert "MedicationRequest/3" in {one for each in flat((done,)) for one in each.looked_at}


async def test_what_cannot_be_told_names_what_is_not_there(worker: GuidelineWorker) -> None:
    order = {**APIXABAN, "dose": "5 mg", "times": 2}
    found = await why(worker, "af-anticoagulant-dose", FIBRILLATION, order)
    assert [(each.words, each.value) for each in found] == [("Applies", None)]
    asked = {one for each in flat(found) for one in each.looked_for}
    assert {"Observation: Body weight", "Observation: Creatinine"} <= asked


async def test_what_is_doubtful_is_not_seen(worker: GuidelineWorker) -> None:
    found = await why(worker, "af-anticoagulation", FIBRILLATION, PRESSURE, doubtful=frozenset({"Condition/1"}))
    assert found[0].value is False


async def test_a_recommendation_that_is_not_in_force_or_unknown_has_none(worker: GuidelineWorker) -> None:
    assert await why(worker, "af-anticoagulation", FIBRILLATION, as_of=datetime(2000, 1, 1, tzinfo=UTC)) == ()
    assert await why(worker, "nothing", FIBRILLATION) == ()


async def test_plans_and_measures_of_others_have_theirs(
    worker: GuidelineWorker, node_modules: Path, tmp_path: Path
) -> None:
    measure = {
        "resourceType": "Measure",
        "id": "m",
        "name": "OnStatin",
        "url": "urn:test:m",
        "library": [f"{foreign.BASE}/Library/statin-logic"],
        "group": [
            {
                "population": [
                    {"code": {"coding": [{"code": code}]}, "criteria": {"expression": define}}
                    for code, define in (("initial-population", "Is Adult"), ("numerator", "On Statin"))
                ]
            }
        ],
    }
    add(read_bytes("b.json", foreign.bundle(*foreign.WHOLE, measure)), tmp_path / "x", node_modules=node_modules)
    library: GuidelineLibrary = load([tmp_path / "x"])
    resources = chart(MAN, [{"Condition": "snomed 44054006", "date": "2020-01-01"}])
    given = {"as_of": AS_OF, "doubtful": frozenset()}
    plan = await reasons(worker, library, "StatinPlan.start-statin", resources, **given)  # type: ignore[arg-type]
    assert [(each.words, each.value) for each in plan] == [("Has Diabetes", True), ("Needs Statin", True)]
    assert plan[0].because[0].looked_at == ("Condition/1",)
    counted = await reasons(worker, library, "OnStatin", resources, **given)  # type: ignore[arg-type]
    assert [(each.words, each.value) for each in counted] == [
        ("initial-population: Is Adult", True),
        ("numerator: On Statin", False),
    ]


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        (
            {
                "resourceType": "Observation",
                "code": {"text": "HbA1c"},
                "valueQuantity": {"value": 7.1, "unit": "%"},
                "effectiveDateTime": "2021-05-01T00:00:00Z",
            },
            "HbA1c 7.1 % of 2021-05-01",
        ),
        (
            {"resourceType": "Procedure", "code": {"coding": [{"code": "1"}]}, "performedPeriod": {"start": "2020"}},
            "1 of 2020",
        ),
        (
            {"resourceType": "Encounter", "type": [{"text": "Visit"}], "period": {"start": "2020-01-02"}},
            "Visit of 2020-01-02",
        ),
        ({"resourceType": "Patient"}, "Patient"),
    ],
)
async def test_a_resource_is_named_as_a_clinician_would(resource: dict[str, object], words: str) -> None:
    assert described(resource) == words
