"""What policy keeps back is gone before anything is read: resources, what points at them, sentences of notes."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chart.chart import Chart, visible
from chart.sensitive import sensitive_classes

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1980-01-01", "gender": "female"}
LABEL = {"security": [{"code": "PSY"}]}
SUBJECT = {"reference": "Patient/p"}


def policy(folder: Path, by_words: str) -> Path:
    """A site that acts on words of mental health."""
    (folder / "sensitive.toml").write_text(f'[psychiatric]\nby_words = "{by_words}"\n', encoding="utf-8")
    return folder


def note(text: str, kind: str = "DocumentReference") -> dict[str, Any]:
    attachment = {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}
    one = {"resourceType": kind, "id": "n", "status": "current", "subject": SUBJECT}
    if kind == "DocumentReference":
        return {**one, "type": {"text": "Note"}, "date": "2026-01-05", "content": [{"attachment": attachment}]}
    return {**one, "code": {"text": "Report"}, "effectiveDateTime": "2026-01-05", "presentedForm": [attachment]}


def build(*resources: dict[str, Any], site: Path | None = None) -> Chart:
    return Chart.build([PATIENT, *resources], as_of=AS_OF, sensitive=sensitive_classes(site))


def dumped(chart: Chart) -> str:
    facts = [(f.name, str(f.value), [c.text for c in f.cells.values()], f.codes) for f in chart.facts]
    return json.dumps([list(chart.resources.values()), repr(facts), [n.text for n in chart.notes]])


ORDER = {
    "resourceType": "MedicationRequest",
    "id": "o",
    "status": "active",
    "intent": "order",
    "subject": SUBJECT,
    "authoredOn": "2026-01-05",
}


def test_an_order_goes_with_the_labelled_medicine_that_it_points_at() -> None:
    medicine = {"resourceType": "Medication", "id": "m", "meta": LABEL, "code": {"text": "lithium"}}
    order = {**ORDER, "medicationReference": {"reference": "Medication/m", "display": "lithium"}}
    chart = build(medicine, order)
    assert "lithium" not in dumped(chart)
    assert chart.of("medication") == ()
    assert chart.masked == {"mental health": 1}, "the order is a fact, the medicine that it names is none"
    assert build({**medicine, "meta": {}}, order).of("medication")[0].name == "lithium"


def test_the_words_beside_a_reference_to_what_went_go_too() -> None:
    problem = {"resourceType": "Condition", "id": "c", "meta": LABEL, "subject": SUBJECT, "code": {"text": "Mania"}}
    link = {"reference": "Condition/c", "display": "Mania, severe"}
    order = {**ORDER, "medicationCodeableConcept": {"text": "aspirin 75 MG"}, "reasonReference": [link]}
    chart = build(problem, order)
    assert "Mania" not in dumped(chart)
    assert chart.resources["MedicationRequest/o"]["reasonReference"] == [{"reference": "Condition/c"}]
    assert [f.name for f in chart.of("medication")] == ["aspirin 75 MG"]
    assert order["reasonReference"] == [link], "what was given is left alone"


def test_a_labelled_resource_that_gives_no_fact_is_no_ground_for_a_guideline_either() -> None:
    basic = {"resourceType": "Basic", "id": "b", "meta": LABEL, "code": {"text": "Admitted under section 3"}}
    later = {**ORDER, "id": "l", "meta": LABEL, "authoredOn": "2027-01-01"}
    chart = build(basic, {**later, "medicationCodeableConcept": {"text": "lithium"}})
    assert set(chart.resources) == {"Patient/p"}
    assert chart.masked == {}, "what nobody knew yet is not counted"


@pytest.mark.parametrize("by_words", ["mask", "withhold"])
@pytest.mark.parametrize(
    "place",
    [
        {"reasonCode": [{"text": "bipolar disorder"}]},
        {"dosageInstruction": [{"text": "for bipolar disorder"}]},
        {"note": [{"text": "bipolar since 2009"}]},
        {"text": {"status": "generated", "div": "<div>bipolar</div>"}},
    ],
    ids=lambda p: next(iter(p)),
)
def test_words_are_found_wherever_a_resource_has_them(place: dict[str, Any], by_words: str, tmp_path: Path) -> None:
    order = {**ORDER, "medicationCodeableConcept": {"text": "valproate 500 MG"}, **place}
    chart = build(order, site=policy(tmp_path, by_words))
    assert chart.of("medication") == ()
    assert chart.masked == ({"mental health": 1} if by_words == "mask" else {})
    assert build(order).of("medication"), "by default what only looks sensitive is shown"


@pytest.mark.parametrize("kind", ["DocumentReference", "DiagnosticReport"])
@pytest.mark.parametrize(("by_words", "blot"), [("mask", "[masked: mental health]"), ("withhold", "[…]")])
def test_a_sensitive_sentence_of_a_note_is_blotted_out_and_the_others_stay(
    kind: str, by_words: str, blot: str, tmp_path: Path
) -> None:
    text = "# Plan\nWalks a mile. Bipolar disorder, quiet. Sleeps well.\nBP 120/80"
    chart = build(note(text, kind), site=policy(tmp_path, by_words))
    assert chart.notes[0].text == f"# Plan\nWalks a mile. {blot} Sleeps well.\nBP 120/80"
    assert "ipolar" not in dumped(chart)
    assert chart.masked == ({"mental health": 1} if by_words == "mask" else {})
    assert build(note(text, kind)).notes[0].text == text


def test_whoever_shows_a_whole_resource_gets_the_same(tmp_path: Path) -> None:
    classes = sensitive_classes(policy(tmp_path, "mask"))
    seen = visible([PATIENT, note("Bipolar.")], as_of=AS_OF, sensitive=classes)
    assert (
        base64.b64decode(seen["DocumentReference/n"]["content"][0]["attachment"]["data"]) == b"[masked: mental health]"
    )
    assert visible([PATIENT, note("Bipolar.")], as_of=AS_OF, sensitive=())["DocumentReference/n"] == note("Bipolar.")


def test_who_names_no_policy_has_the_packages() -> None:
    problem = {"resourceType": "Condition", "id": "c", "meta": LABEL, "subject": SUBJECT, "code": {"text": "Mania"}}
    assert Chart.build([PATIENT, problem], as_of=AS_OF).masked == {"mental health": 1}
    assert Chart.build([PATIENT, problem], as_of=AS_OF, sensitive=()).masked == {}


def test_a_chart_without_anything_sensitive_is_not_touched(tmp_path: Path) -> None:
    one = note("Walks a mile.")
    assert build(one, site=policy(tmp_path, "mask")).resources["DocumentReference/n"] is one
