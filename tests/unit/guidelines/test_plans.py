"""Others' PlanDefinitions: read, evaluated, cited, proposed; what cannot be carried over is named."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.unit.guidelines import foreign
from tests.unit.guidelines.foreign import bundle, condition, library, plan
from tools.guidelines.adding import Added, add
from tools.guidelines.evaluate import evaluate
from tools.guidelines.library import GuidelineLibrary, load
from tools.guidelines.outcome import Outcome
from tools.guidelines.rules import Rules
from tools.guidelines.sources import read_bytes
from tools.guidelines.worker import GuidelineWorker

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1970-01-01"}
DIABETES = {
    "resourceType": "Condition",
    "id": "d",
    "clinicalStatus": {"coding": [{"code": "active"}]},
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "44054006"}]},
}
STATIN = {
    "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "617310"}],
}


def ldl(value: float, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "ldl",
        "status": "final",
        "effectiveDateTime": "2024-05-01",
        "code": {"coding": [{"system": "http://loinc.org", "code": "13457-7"}]},
        "valueQuantity": {"value": value, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"},
        **more,
    }


def order(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": "o",
        "status": "active",
        "intent": "order",
        "authoredOn": "2024-03-01",
        "medicationCodeableConcept": STATIN,
        **more,
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, node_modules: Path) -> GuidelineLibrary:
    """The guideline of `foreign.py`, added once."""
    return added(tmp_path_factory.mktemp("home"), node_modules, *foreign.WHOLE)[1]


def added(folder: Path, node_modules: Path, *resources: Mapping[str, Any]) -> tuple[Added, GuidelineLibrary]:
    found = add(read_bytes("b.json", bundle(*resources)), folder / "x", node_modules=node_modules)
    return found, load([folder / "x"])


async def outcomes(
    worker: GuidelineWorker, library: GuidelineLibrary, *chart: Mapping[str, Any], **more: Any
) -> dict[str, Outcome]:
    given = {"as_of": AS_OF, "doubtful": frozenset(), **more}
    found = await evaluate(worker, library, [PATIENT, *chart], **given)
    return {each.recommendation.id: each for each in found}


async def test_nested_actions_are_due_where_every_condition_holds(
    worker: GuidelineWorker, whole: GuidelineLibrary
) -> None:
    found = await outcomes(worker, whole, DIABETES, ldl(130))
    assert {name: each.why for name, each in found.items()} == {
        "StatinPlan.start-statin": "due",
        "StatinPlan.check-ldl": "due",
    }
    start = found["StatinPlan.start-statin"]
    assert start.detail == "Diabetes, and LDL is 130.0." or start.detail == "Diabetes, and LDL is 130."
    assert (start.recommendation.title, start.recommendation.priority) == ("Start a statin", "urgent")
    assert start.recommendation.citation == "A society. Statins. 2024."
    assert "Condition/d" in {each.reference for each in start.because}
    assert {each.define: each.value for each in start.clauses}["Needs Statin"] is True


async def test_what_is_proposed_is_a_valid_draft_with_what_was_worked_out(
    worker: GuidelineWorker, whole: GuidelineLibrary
) -> None:
    action = (await outcomes(worker, whole, DIABETES))["StatinPlan.start-statin"].action
    assert action is not None
    get_fhir_model_class("MedicationRequest").model_validate(action)
    assert (action["status"], action["intent"], action["subject"]) == ("draft", "proposal", {"reference": "Patient/p"})
    assert action["dosageInstruction"] == [{"text": "20 mg once a day"}]
    assert action["instantiatesCanonical"] == [f"{foreign.BASE}/PlanDefinition/statin-plan|2.1.0"]
    assert action["medicationCodeableConcept"]["coding"][0]["code"] == "617310"


async def test_why_not_names_the_condition(worker: GuidelineWorker, whole: GuidelineLibrary) -> None:
    found = await outcomes(worker, whole, ldl(130))
    assert found["StatinPlan.start-statin"].why == "not_applicable"
    assert "Has Diabetes" in found["StatinPlan.start-statin"].detail


async def test_a_condition_without_an_answer_could_not_be_checked(
    worker: GuidelineWorker, whole: GuidelineLibrary
) -> None:
    """No LDL: whether it is high is neither true nor false."""
    found = (await outcomes(worker, whole, DIABETES))["StatinPlan.check-ldl"]
    assert (found.why, found.action) == ("could_not_check", None)
    assert "LDL Is High" in found.detail


async def test_what_is_doubtful_neither_triggers_nor_satisfies(
    worker: GuidelineWorker, whole: GuidelineLibrary
) -> None:
    doubtful = frozenset({"MedicationRequest/o"})
    assert (await outcomes(worker, whole, DIABETES, order()))["StatinPlan.start-statin"].why == "not_applicable"
    found = (await outcomes(worker, whole, DIABETES, order(), doubtful=doubtful))["StatinPlan.start-statin"]
    assert (found.why, found.action) == ("withheld", None)
    assert [each.reference for each in found.because] == ["MedicationRequest/o"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"status": "draft", "intent": "proposal"}, "excluded"),
        ({"doNotPerform": True, "status": "completed"}, "declined"),
        ({"doNotPerform": True, "status": "completed", "authoredOn": "2022-01-01"}, "due"),
        ({"status": "stopped"}, "due"),
    ],
    ids=["proposed", "refused", "refused long ago", "stopped"],
)
async def test_what_stands_in_the_chart_keeps_it_from_being_proposed_again(
    worker: GuidelineWorker, whole: GuidelineLibrary, more: dict[str, Any], why: str
) -> None:
    found = (await outcomes(worker, whole, DIABETES, order(**more)))["StatinPlan.start-statin"]
    assert found.why == why, found.detail


async def test_nothing_is_proposed_for_the_deceased(worker: GuidelineWorker, whole: GuidelineLibrary) -> None:
    dead = {**PATIENT, "deceasedDateTime": "2024-01-01"}
    found = await evaluate(worker, whole, [dead, DIABETES], as_of=AS_OF, doubtful=frozenset())
    assert {each.why for each in found} == {"excluded"}


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (Rules(silent=frozenset({"StatinPlan.start-statin"})), "silent"),
        (Rules(snoozed={"StatinPlan.start-statin": date(2024, 7, 1)}), "withheld"),
        (Rules(off=frozenset({"StatinPlan.start-statin"})), None),
    ],
    ids=["silent", "snoozed", "off"],
)
async def test_a_site_has_its_way_with_it(
    worker: GuidelineWorker, whole: GuidelineLibrary, rules: Rules, why: str | None
) -> None:
    found = await outcomes(worker, replace(whole, rules=rules), DIABETES)
    one = found.get("StatinPlan.start-statin")
    assert (one.why if one else None) == why


async def test_a_missing_value_set_fails_closed(worker: GuidelineWorker, node_modules: Path, tmp_path: Path) -> None:
    _, held = added(tmp_path, node_modules, *(each for each in foreign.WHOLE if each is not foreign.STATINS))
    found = (await outcomes(worker, held, DIABETES))["StatinPlan.start-statin"]
    assert found.why == "could_not_check"
    assert "ValueSet/statins is not there" in found.detail


async def test_conditions_written_out_as_cql_are_evaluated(
    worker: GuidelineWorker, node_modules: Path, tmp_path: Path
) -> None:
    action = {"title": "Look", "condition": [condition('"Has Diabetes" and AgeInYears() > 50', "text/cql-expression")]}
    _, held = added(tmp_path, node_modules, plan(action), library(), foreign.STATINS, foreign.DIABETES)
    found = (await outcomes(worker, held, DIABETES))["StatinPlan"]
    assert (found.why, (found.action or {})["code"]) == ("due", {"text": "Look"})
    assert (await outcomes(worker, held))["StatinPlan"].why == "not_applicable"


async def test_a_plan_without_a_library_may_still_write_its_conditions(
    worker: GuidelineWorker, node_modules: Path, tmp_path: Path
) -> None:
    action = {"title": "Greet", "condition": [condition("AgeInYears() >= 18", "text/cql")]}
    _, held = added(tmp_path, node_modules, plan(action, library=[]))
    assert (await outcomes(worker, held))["StatinPlan"].why == "due"


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({"title": "F", "condition": [condition("today() > @2020", "text/fhirpath")]}, "written in text/fhirpath"),
        ({"title": "Nobody"}, "no condition"),
        ({"title": "Gone", "condition": [condition("Not There")]}, 'define "Not There"'),
    ],
)
async def test_what_cannot_be_evaluated_is_said_and_never_due(
    worker: GuidelineWorker, node_modules: Path, tmp_path: Path, action: dict[str, Any], said: str
) -> None:
    sound = {**foreign.NESTED, "action": [foreign.START]}
    _, held = added(tmp_path, node_modules, plan(sound, action), *foreign.WHOLE[1:])
    found = await outcomes(worker, held, DIABETES)
    assert found.pop("StatinPlan.start-statin").why == "due"
    (other,) = found.values()
    assert other.why == "could_not_check"
    assert said in other.detail


async def test_what_is_not_carried_over_is_named(node_modules: Path, tmp_path: Path) -> None:
    task = {**foreign.ACTIVITY, "id": "t", "url": f"{foreign.BASE}/ActivityDefinition/t", "kind": "Task"}
    chosen = {
        "title": "One of",
        "selectionBehavior": "exactly-one",
        "condition": [condition("Has Diabetes"), {"kind": "stop", "expression": {"expression": "x"}}],
        "action": [
            {"id": "a", "title": "A", "definitionCanonical": task["url"]},
            {"id": "b", "title": "B", "definitionCanonical": f"{foreign.BASE}/Questionnaire/gone"},
        ],
    }
    _, held = added(tmp_path, node_modules, plan(chosen), task, *foreign.WHOLE[1:])
    assert held.measures is not None
    said = {each.plan.recommendation.id: " · ".join(each.plan.unmapped) for each in held.measures.plans}
    for part in ("kind stop", "exactly-one", "participant", "Task is proposed as a ServiceRequest"):
        assert part in said["StatinPlan.a"]
    assert "nothing that is here" in said["StatinPlan.b"]


async def test_a_plan_within_a_plan_is_followed_and_a_circle_is_not(
    worker: GuidelineWorker, node_modules: Path, tmp_path: Path
) -> None:
    outer = plan(
        {
            "title": "Outer",
            "condition": [condition("Is Adult")],
            "definitionCanonical": f"{foreign.BASE}/PlanDefinition/in",
        },
        id="outer",
        name="Outer",
        url=f"{foreign.BASE}/PlanDefinition/outer",
    )
    inner = plan(
        {"id": "go", "title": "Go", "condition": [condition("Has Diabetes")]},
        id="in",
        name="Inner",
        url=f"{foreign.BASE}/PlanDefinition/in",
    )
    _, held = added(tmp_path, node_modules, outer, inner, *foreign.WHOLE[1:])
    found = await outcomes(worker, held, DIABETES)
    assert {name: each.why for name, each in found.items()} == {"Outer": "due", "Inner": "due"}
    child: list[Mapping[str, Any]] = [{**PATIENT, "birthDate": "2010-01-01"}, DIABETES]
    young = await evaluate(worker, held, child, as_of=AS_OF, doubtful=frozenset())
    assert {each.recommendation.id: each.why for each in young} == {"Outer": "not_applicable", "Inner": "due"}
    round_about = plan({"title": "Me", "definitionCanonical": f"{foreign.BASE}/PlanDefinition/statin-plan"})
    _, held = added(tmp_path, node_modules, round_about, *foreign.WHOLE[1:])
    (circle,) = (await outcomes(worker, held, DIABETES)).values()
    assert (circle.why, "circle" in circle.detail) == ("could_not_check", True)


async def test_what_asks_for_a_type_that_was_not_read_could_not_be_checked(
    worker: GuidelineWorker, whole: GuidelineLibrary
) -> None:
    assert whole.measures is not None
    assert whole.measures.retrieves() >= {"Condition", "MedicationRequest", "Observation"}
    found = await outcomes(worker, whole, DIABETES, unread=frozenset({"Observation", "Coverage"}))
    assert {each.why for each in found.values()} == {"could_not_check"}
    assert "it asks for Observation, which was not read" in found["StatinPlan.check-ldl"].detail
    assert (await outcomes(worker, whole, DIABETES, unread=frozenset({"Coverage"})))[
        "StatinPlan.start-statin"
    ].why == "due"
