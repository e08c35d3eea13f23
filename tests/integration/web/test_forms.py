"""Corrections by form: what is offered, what is refused, what comes out of it."""

from __future__ import annotations

import copy
from typing import Any

import httpx
import pytest

from preround.wiring import House
from review.errors import EditUnusable
from review.forms import edited, form_of
from review.queue import show
from tests.integration.web.visitor import post, waiting

STATIN: dict[str, Any] = {
    "resourceType": "MedicationRequest",
    "status": "draft",
    "intent": "proposal",
    "priority": "routine",
    "medicationCodeableConcept": {"text": "atorvastatin 20 mg oral tablet"},
    "dosageInstruction": [
        {
            "text": "20 mg by mouth once a day",
            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
            "doseAndRate": [{"doseQuantity": {"value": 20, "unit": "mg"}}],
        }
    ],
}
WORDS, DOSE = "element:dosageInstruction.0.text", "element:dosageInstruction.0.doseAndRate.0.doseQuantity.value"
NOTE = "element:note.0.text"


def test_a_form_that_comes_back_as_it_was_changes_nothing() -> None:
    before = copy.deepcopy(STATIN)
    assert edited(STATIN, {one.name: one.value for one in form_of(STATIN)}) == before == STATIN


def test_a_dose_is_changed_in_words_and_number_together() -> None:
    found = edited(STATIN, {WORDS: "10 mg by mouth once a day", DOSE: "10", NOTE: "Frail; start low.\r\nAsk again."})
    (dose,) = found["dosageInstruction"]
    assert dose["doseAndRate"][0]["doseQuantity"] == {"value": 10, "unit": "mg"}
    assert dose["timing"] == STATIN["dosageInstruction"][0]["timing"]
    assert found["note"] == [{"text": "Frail; start low.\nAsk again."}]
    assert "note" not in edited(found, {NOTE: ""})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({DOSE: "10"}, "does not name the number 10"),
        ({WORDS: "10 mg by mouth"}, "does not name the number 20"),
        ({DOSE: "ten"}, "no number"),
        ({DOSE: "-20"}, "no number"),
        ({DOSE: "1e3"}, "no number"),
        ({DOSE: ""}, "is empty"),
        ({"element:priority": "whenever"}, "none of routine"),
    ],
)
def test_what_an_element_cannot_hold_is_refused_by_its_name(given: dict[str, str], words: str) -> None:
    with pytest.raises(EditUnusable, match=words):
        edited(STATIN, given)


def test_no_form_lets_the_words_of_a_code_drift_from_the_code() -> None:
    offered = {one.element.path for one in form_of(STATIN)}
    assert not any("Concept" in path or "code" in path.lower() for path in offered)
    assert edited(STATIN, {"element:status": "active", "element:subject.reference": "Patient/other"}) == STATIN


async def test_sentences_are_corrected_a_line_each_and_stay_text(house: House, web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    page = (await web.get(f"/items/{item}/entries/1")).text
    assert "one sentence a line" in page
    assert '"resourceType"' not in page
    name = "element:section.2.text.div"
    answer = await post(web, item, choice="edit", entry="1", **{name: "Metformin: halve it.\nAsk <b>her</b> & go on."})
    assert answer.status_code == 303
    fresh = answer.headers["location"].rpartition("/")[2]
    sections = show(house.services.db, fresh).proposal.entries[0].resource["section"]
    assert sections[2]["text"]["div"] == (
        '<div xmlns="http://www.w3.org/1999/xhtml"><ul><li>Metformin: halve it.</li>'
        "<li>Ask &lt;b&gt;her&lt;/b&gt; &amp; go on.</li></ul></div>"
    )
    assert sections[1] == show(house.services.db, item).proposal.entries[0].resource["section"][1]
    page = (await web.get(f"/items/{fresh}")).text
    assert "no longer said" in page
    assert f'href="/items/{item}">the item before</a>' in page


async def test_a_mistake_in_a_form_keeps_what_was_typed(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    page = (await web.get(f"/items/{item}/entries/4")).text
    assert 'value="20 mg by mouth once a day"' in page
    answer = await post(web, item, choice="edit", entry="4", **{DOSE: "ten", NOTE: "Typed <with> care"})
    assert answer.status_code == 422
    assert "Dose is no number" in answer.text
    assert 'value="ten"' in answer.text
    assert "Typed &lt;with&gt; care" in answer.text
    assert 'href="#resource"' in answer.text
    assert 'id="resource"' in answer.text
