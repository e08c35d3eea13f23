"""Who edits what: clinicians what the forms offer, informaticists every element, whatever door an edit comes in by."""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from claims.note import reworded
from review.correction import by_form
from review.errors import EditUnusable, NotAllowed
from review.forms import edited
from review.gate import decide, open_item
from review.policy import Policy, load_policy
from review.queue import show
from store.database import Database
from tests.unit.review.conftest import NOW, SOON, a_proposal, lab, medication, summary

DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><ul><li>K 5.1 &lt; 6</li><li>Hb 9</li></ul></div>'
PAGE = {**summary().resource, "section": [{"title": "Changed", "text": {"status": "generated", "div": DIV}}]}
DRUG = medication("Metformin").resource
NOTE = {
    "resourceType": "DocumentReference",
    "status": "current",
    "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": "QQ=="}}],
}


def drug(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    found = copy.deepcopy(DRUG)
    change(found)
    return found


@pytest.mark.parametrize("before", [PAGE, DRUG, lab().resource, NOTE])
def test_what_is_as_it_was_is_by_form(before: dict[str, Any]) -> None:
    assert by_form(before, copy.deepcopy(before))


@example(title="a", lines="\0x")
@given(title=st.text(min_size=1).filter(str.strip), lines=st.text(min_size=1).filter(str.strip))
def test_whatever_the_form_makes_is_by_form(title: str, lines: str) -> None:
    try:
        made = edited(PAGE, {"element:title": title, "element:section.0.text.div": lines})
    except EditUnusable:
        return  # nothing is left of it that FHIR can hold
    assert by_form(PAGE, made)


def test_a_dose_a_note_and_its_words_are_by_form() -> None:
    dose = "element:dosageInstruction.0.doseAndRate.0.doseQuantity.value"
    made = edited(DRUG, {dose: "12.50", "element:note.0.text": "Start low."})
    assert made["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"] == Decimal("12.50")
    assert by_form(DRUG, made)
    assert by_form(made, DRUG)
    assert by_form(NOTE, reworded(NOTE, "Another text."))


@pytest.mark.parametrize(
    "after",
    [
        drug(lambda r: r["medicationCodeableConcept"].update(text="Insulin")),
        drug(lambda r: r["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"].update(unit="g")),
        drug(lambda r: r.update(note=[{"text": "a"}, {"text": "b"}])),
        drug(lambda r: r.update(note="no list")),
        drug(lambda r: r.update(dosageInstruction=[])),
        drug(lambda r: r.update(encounter={"reference": "Encounter/1"})),
    ],
)
def test_what_no_form_makes_is_not(after: dict[str, Any]) -> None:
    assert not by_form(DRUG, after)
    assert not by_form(PAGE, {**PAGE, "section": []})
    assert not by_form(NOTE, {**NOTE, "status": "superseded"})


def test_the_gate_holds_clinicians_to_the_forms(db: Database, site: Policy, policy: Policy) -> None:
    item = open_item(db, a_proposal(lab(), policy=site), policy=site, now=NOW)
    entry = show(db, item.item_id).proposal.entries[0].resource
    code = {**entry, "code": {"text": "Potassium"}}
    call: dict[str, Any] = {"item_id": item.item_id, "verb": "edit", "now": SOON}
    with pytest.raises(NotAllowed, match="an informaticist must edit"):
        decide(db, person="Ada Prescriber", policy=site, edited={1: code}, **call)
    assert show(db, item.item_id).decisions == ()
    # Somebody who is an informaticist alone may edit so; they may neither sign nor reject.
    ines = site.people.named[0].model_copy(update={"name": "Ines", "roles": ("informaticist",)})
    known = site.model_copy(update={"people": site.people.model_copy(update={"named": (*site.people.named, ines)})})
    for verb in ("approve", "reject"):
        with pytest.raises(NotAllowed):
            decide(db, person="Ines", policy=known, code="clutter", **{**call, "verb": verb})
    done = decide(db, person="Ines", policy=known, edited={1: code}, **call)
    assert done.outcome == "superseded"
    assert show(db, str(done.next_item)).proposal.entries[0].resource["code"] == {"text": "Potassium"}


def test_the_embedded_policy_lets_this_machines_own_user_edit_json() -> None:
    embedded = load_policy()
    assert embedded.edits_json(embedded.grant("Anybody"))
    assert not embedded.edits_json(embedded.grant(""))
