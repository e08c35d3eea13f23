"""From outcomes to suggestions: at most five, medicines checked first, holes in the chart said."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from agents.offline.suggestions import suggestion_draft
from agents.offline.summary import summary
from agents.reasoner import Material
from agents.suggest import SHOWN, suggestions
from tests.unit.agents.drafting import material_of
from tools.guidelines.case_chart import chart
from tools.guidelines.outcome import Evidence, Outcome
from tools.guidelines.recommendation import Recommendation

AS_OF = datetime(2021, 8, 1, tzinfo=UTC)
BECAUSE = (Evidence(reference="Condition/1", path="Condition.code.coding[0].code", value="44054006"),)
DIABETES = {"Condition": "snomed 44054006", "date": "2018-01-01", "text": "Diabetes"}
STATIN = {
    "resourceType": "MedicationRequest",
    "medicationCodeableConcept": {"coding": [{"display": "atorvastatin 20 MG Oral Tablet"}]},
}
LAB = {"resourceType": "ServiceRequest", "code": {"text": "HbA1c"}}


def outcome(name: str, action: dict[str, Any]) -> Outcome:
    recommendation = Recommendation(
        id=name,
        title=name,
        version="1",
        start=date(2020, 1, 1),
        end=None,
        strength="Strong",
        grade="A",
        citation="A society.",
        url="https://example.org",
        publisher="A society",
        topics=(),
        priority="routine",
        experimental=False,
        canonical=f"urn:test:{name}",
        library="X",
        activity={},
    )
    return Outcome(recommendation=recommendation, why="due", detail="Due.", because=BECAUSE, action=action)


def material(*outcomes: Outcome, entries: tuple[dict[str, Any], ...] = (), failed: tuple[str, ...] = ()) -> Material:
    resources = chart({"born": "1961-03-01", "sex": "male"}, [DIABETES, *entries])
    return replace(material_of(resources, AS_OF, failed=failed), outcomes=outcomes)


def test_at_most_five_are_shown_and_the_others_are_folded_by_name() -> None:
    due, others = suggestions(material(*(outcome(f"r{number}", LAB) for number in range(8))))
    assert [each.guideline.id for each in due] == ["r0", "r1", "r2", "r3", "r4"]
    assert SHOWN == 5
    assert [(each.guideline, each.why, "folded" in each.detail) for each in others] == [
        ("r5|1", "withheld", True),
        ("r6|1", "withheld", True),
        ("r7|1", "withheld", True),
    ]


def test_a_medicine_is_checked_before_it_is_shown_and_says_with_what() -> None:
    due, others = suggestions(material(outcome("statin", STATIN), outcome("lab", LAB)))
    assert others == ()
    assert "named pairs checked" in due[0].checks
    assert due[1].checks == ""


def test_what_contradicts_the_chart_is_withheld_with_its_reason_and_leaves_its_place() -> None:
    allergy = {"AllergyIntolerance": "simvastatin"}
    rest = [outcome(f"r{number}", LAB) for number in range(5)]
    due, others = suggestions(material(outcome("statin", STATIN), *rest, entries=(allergy,)))
    assert [each.guideline.id for each in due] == ["r0", "r1", "r2", "r3", "r4"]
    (withheld,) = others
    assert (withheld.guideline, withheld.why) == ("statin|1", "withheld")
    assert "of the same class (statin)" in withheld.detail


def test_a_medicine_that_is_to_be_left_out_is_not_checked_as_one_to_take() -> None:
    stop = {**STATIN, "doNotPerform": True}
    due, _ = suggestions(material(outcome("stop", stop), entries=({"AllergyIntolerance": "atorvastatin"},)))
    assert [each.guideline.id for each in due] == ["stop"]


def test_where_allergies_could_not_be_read_nothing_is_suggested() -> None:
    due, others = suggestions(material(outcome("statin", STATIN), failed=("AllergyIntolerance",)))
    assert due == ()
    assert [(each.why, "AllergyIntolerance" in each.detail) for each in others] == [("could_not_check", True)]


def test_what_is_due_and_was_never_done_takes_one_line() -> None:
    due = material(outcome("diabetes-foot", LAB))
    (line,) = [c.text for c in suggestion_draft(due).claims]
    assert line.startswith("Diabetes-foot: no record of foot exam; Diabetes (2018)")
    assert not any("foot exam" in c.text for c in summary(due).claims)
    assert any("retinal exam" in c.text for c in summary(due).claims), "what nobody suggests stays where it was"
    alone = material()
    assert any("No record of" in c.text and "foot exam" in c.text for c in summary(alone).claims)
    unread = material(outcome("diabetes-foot", LAB), failed=("Procedure",))
    assert not any("no record of" in c.text.lower() for c in suggestion_draft(unread).claims), "nobody has looked"
