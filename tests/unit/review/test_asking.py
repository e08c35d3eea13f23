"""Asking a second signer: in words, by name or role; it binds, and the second signs the same bytes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from review.asking import Wish, ask, party_of
from review.errors import AlreadyDecided, DifferentEntries, HashMismatch, ItemExpired, NotAllowed, WordsNeeded
from review.gate import decide, open_item
from review.item import Item
from review.policy import Policy
from review.queue import outbox_for, show
from review.standing import standing
from review.worklist import Me, Wanted, narrowed
from store import audit
from store.database import Database
from tests.unit.review.conftest import NOW, SOON, a_proposal, lab, medication, summary

CYD = Me(name="Cyd Attending", key="cyd attending", keys=("person:cyd attending", "role:attending"))


def opened(db: Database, policy: Policy, *drafts: Any) -> Item:
    return open_item(db, a_proposal(*(drafts or (summary(), lab())), policy=policy), policy=policy, now=NOW)


def approve(db: Database, item: Item, person: str, policy: Policy, **more: Any) -> str:
    call = {"item_id": item.item_id, "person": person, "verb": "approve", "policy": policy, "now": SOON}
    return decide(db, **{**call, **more}).outcome


def wish(whom: str = "attending", words: str = "Is the dose right?") -> Wish:
    return Wish(party=party_of(whom), words=words)


def test_who_signs_and_asks_waits_for_the_second_over_the_same_bytes(db: Database, site: Policy) -> None:
    item = opened(db, site)
    assert str(standing(db, item, policy=site).signing) == "0 of 1 signed"
    assert approve(db, item, "Ada Prescriber", site, wish=wish()) == "signed"
    stands = standing(db, item, policy=site)
    assert str(stands.signing) == "1 of 2 signed"
    ((who, words),) = [(one.asked, one.words) for one in stands.asks]
    assert (who, words) == ("an attending", "Is the dose right?")
    asked = Wanted(claimed="asked")
    assert [one.item_id for one in narrowed(db, asked, me=CYD)] == [item.item_id]
    with pytest.raises(DifferentEntries):
        approve(db, item, "Cyd Attending", site, only=(1,))
    with pytest.raises(HashMismatch):
        approve(db, item, "Cyd Attending", site, proposal_sha256="0" * 64)
    with pytest.raises(NotAllowed):
        approve(db, item, "Dan Clinician", site)
    assert outbox_for(db, item.item_id) == ()
    assert approve(db, item, "Cyd Attending", site) == "approved"
    first, second = show(db, item.item_id).decisions
    assert (first.entries, first.proposal_sha256) == (second.entries, second.proposal_sha256)
    assert narrowed(db, asked, me=CYD) == ()
    target = next(row for row in outbox_for(db, item.item_id) if row.part == "provenance")
    assert "Ada Prescriber" in target.body
    assert "Cyd Attending" in target.body


def test_asked_first_one_signature_is_not_enough(db: Database, site: Policy) -> None:
    item = opened(db, site, lab())
    call: dict[str, Any] = {"item_id": item.item_id, "policy": site, "now": SOON}
    ask(db, person="Dan Clinician", wish=wish(), **call)
    again = ask(db, person="Dan Clinician", wish=wish(words="Once more"), **call)
    assert [one.words for one in standing(db, item, policy=site).asks] == ["Is the dose right?"]
    assert again.asked == "an attending"
    assert approve(db, item, "Ada Prescriber", site) == "signed"
    with pytest.raises(AlreadyDecided):
        approve(db, item, " ADA  prescriber", site)
    assert approve(db, item, "Eve Prescriber", site) == "approved"
    with db.read() as connection:
        told = [row.detail for row in audit.rows(connection, subject=item.item_id) if row.act == "item.asked"]
    assert [one["asked"] for one in told] == ["an attending"]
    assert "dose" not in str(told), "the words stay out of the audit"


@pytest.mark.parametrize(
    ("whom", "match"),
    [
        ("pharmacist", "the signature that is missing is of"),
        ("Ben Pharmacist", "the signature that is missing is of"),
        ("Dan Clinician", "the signature that is missing is of"),
        ("ada  PRESCRIBER", "another person"),
        ("Stranger", "somebody whom the policy knows"),
    ],
)
def test_who_could_not_sign_is_not_asked_and_nothing_is_signed(
    db: Database, site: Policy, whom: str, match: str
) -> None:
    item = opened(db, site, lab())
    with pytest.raises(NotAllowed, match=match):
        approve(db, item, "Ada Prescriber", site, wish=wish(whom))
    shown = show(db, item.item_id)
    assert (shown.item.state, shown.decisions) == ("open", ())
    assert standing(db, item, policy=site).asks == ()


def test_at_high_risk_it_is_the_missing_role_that_is_asked(db: Database, site: Policy) -> None:
    item = opened(db, site, medication("Insulin glargine"))
    assert str(standing(db, item, policy=site).signing) == "0 of 2 signed"
    assert approve(db, item, "Ada Prescriber", site) == "signed"
    call: dict[str, Any] = {"item_id": item.item_id, "policy": site, "now": SOON, "person": "Ada Prescriber"}
    with pytest.raises(NotAllowed, match="a pharmacist or attending"):
        ask(db, wish=wish("prescriber"), **call)
    assert ask(db, wish=wish("Ben Pharmacist"), **call).asked == "Ben Pharmacist"
    assert approve(db, item, "Ben Pharmacist", site) == "approved"


def test_an_ask_needs_words_a_reviewer_and_an_item_that_waits(db: Database, site: Policy) -> None:
    item = opened(db, site)
    call: dict[str, Any] = {"item_id": item.item_id, "policy": site}
    with pytest.raises(WordsNeeded):
        ask(db, person="Ada Prescriber", wish=wish(words=" "), now=SOON, **call)
    with pytest.raises(NotAllowed):
        ask(db, person="Stranger", wish=wish(), now=SOON, **call)
    with pytest.raises(ItemExpired):
        ask(db, person="Ada Prescriber", wish=wish(), now=NOW + timedelta(days=9), **call)
    approve(db, item, "Ada Prescriber", site)
    with pytest.raises(AlreadyDecided):
        ask(db, person="Ada Prescriber", wish=wish(), now=SOON, **call)
