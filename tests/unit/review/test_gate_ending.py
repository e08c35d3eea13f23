"""The gate, where an item ends otherwise than by a write: rejected, sent back, edited, closed."""

from datetime import timedelta
from typing import Any

import pytest

from review.decision import DecisionOutcome
from review.errors import (
    AlreadyDecided,
    AlreadySent,
    EditUnusable,
    ItemNotFound,
    NeverProposed,
    NotAllowed,
    UnknownReason,
    WordsNeeded,
    WrongPatient,
)
from review.gate import cancel, decide, expire, mark_stale, open_item, supersede
from review.item import Item
from review.policy import Policy
from review.queue import outbox_for, queue, show
from store import outbox
from store.database import Database
from tests.unit.review.conftest import NOW, SOON, a_proposal, medication, summary
from tests.unit.review.gated import INSULIN, approve, opened, state

# ---- rejecting, revising, editing ------------------------------------------------------------------------------------


def test_a_rejection_needs_a_code_and_closes_the_item(db: Database, policy: Policy) -> None:
    item = opened(db, policy)

    def reject(**more: Any) -> DecisionOutcome:
        return decide(db, item_id=item.item_id, person="Ada", verb="reject", policy=policy, now=SOON, **more)

    with pytest.raises(UnknownReason, match="needs a code"):
        reject()
    with pytest.raises(UnknownReason, match="dislike is not"):
        reject(code="dislike")
    with pytest.raises(WordsNeeded, match="in words"):
        reject(code="other", words=" ")
    outcome = reject(code="unsafe", words="The patient bled last month.")
    assert (outcome.outcome, outcome.item.state) == ("rejected", "rejected")
    assert outcome.reason is not None
    assert (outcome.reason.incident, outcome.reason.pauses) == (True, True)
    assert outcome.decision.code_system == "urn:preround:reject-reason"
    assert outbox_for(db, item.item_id) == ()
    with pytest.raises(AlreadyDecided, match="already rejected"):
        approve(db, item, "Ben", policy)


def test_a_rejection_after_a_first_signature_wins(db: Database, policy: Policy) -> None:
    item = opened(db, policy, medication(INSULIN))
    approve(db, item, "Ada", policy)
    decide(db, item_id=item.item_id, person="Ben", verb="reject", code="risk-benefit-ratio", policy=policy, now=SOON)
    with pytest.raises(AlreadyDecided):
        approve(db, item, "Cyd", policy)
    assert outbox_for(db, item.item_id) == ()


def test_words_send_it_back_until_the_next_proposal_answers_them(db: Database, policy: Policy) -> None:
    item = opened(db, policy)
    with pytest.raises(WordsNeeded):
        decide(db, item_id=item.item_id, person="Ada", verb="revise", policy=policy, now=SOON)
    outcome = decide(
        db, item_id=item.item_id, person="Ada", verb="revise", words="Name the dose.", policy=policy, now=SOON
    )
    assert (outcome.outcome, outcome.item.state) == ("revised", "revised")
    with pytest.raises(AlreadyDecided, match="wait for the proposal"):
        approve(db, item, "Ben", policy)
    following = open_item(
        db,
        a_proposal(summary("Shorter"), policy=policy, revision=2),
        policy=policy,
        now=SOON,
        replaces=item.item_id,
    )
    with pytest.raises(AlreadyDecided, match=f"already superseded: decide {following.item_id} instead") as caught:
        approve(db, item, "Ben", policy)
    assert caught.value.next_item == following.item_id
    assert approve(db, following, "Ada", policy).outcome == "approved"


def test_an_edit_opens_the_edited_proposal_as_another_item(db: Database, policy: Policy) -> None:
    item = opened(db, policy)
    resource = show(db, item.item_id).proposal.entries[0].resource
    outcome = decide(
        db,
        item_id=item.item_id,
        person="Ada",
        verb="edit",
        edited={1: {**resource, "title": "Summary, corrected"}},
        policy=policy,
        now=SOON,
    )
    assert (outcome.outcome, outcome.item.state) == ("superseded", "superseded")
    assert outcome.next_item == outcome.item.next_item is not None
    following = show(db, str(outcome.next_item))
    assert (following.item.revision, following.item.state) == (2, "open")
    assert following.proposal.entries[0].resource["title"] == "Summary, corrected"
    assert following.proposal.entries[1].sha256 == show(db, item.item_id).proposal.entries[1].sha256
    with pytest.raises(AlreadyDecided, match=str(outcome.next_item)):
        approve(db, item, "Ben", policy)
    assert approve(db, following.item, "Ada", policy).outcome == "approved"
    assert outbox_for(db, item.item_id) == ()


@pytest.mark.parametrize(
    ("edited", "error"),
    [
        (None, EditUnusable),
        ({}, EditUnusable),
        ({3: {}}, EditUnusable),
        ({1: {"id": "another"}}, EditUnusable),
        ({1: {"resourceType": "Observation"}}, EditUnusable),
        ({1: {}}, EditUnusable),
        ({1: {"subject": {"reference": "Patient/p2"}}}, WrongPatient),
        ({2: {"intent": "order"}}, NeverProposed),
        ({2: {"status": "active"}}, NeverProposed),
    ],
)
def test_an_edit_that_does_not_fit_changes_nothing(
    db: Database, policy: Policy, edited: dict[int, dict[str, Any]] | None, error: type[Exception]
) -> None:
    item = opened(db, policy)
    entries = show(db, item.item_id).proposal.entries
    whole = (
        None
        if edited is None
        else {n: {**(entries[n - 1].resource if n <= len(entries) else {}), **change} for n, change in edited.items()}
    )
    with pytest.raises(error):
        decide(db, item_id=item.item_id, person="Ada", verb="edit", edited=whole, policy=policy, now=SOON)
    assert (state(db, item), len(queue(db)), show(db, item.item_id).decisions) == ("open", 1, ())


@pytest.mark.parametrize("verb", ["reject", "revise", "edit"])
def test_only_reviewers_send_back(db: Database, site: Policy, verb: Any) -> None:
    item = opened(db, site)
    resource = show(db, item.item_id).proposal.entries[0].resource
    more: dict[str, Any] = {
        "verb": verb,
        "code": "clutter",
        "words": "w",
        "edited": {1: {**resource, "title": "x"}},
        "policy": site,
        "now": SOON,
    }
    with pytest.raises(NotAllowed, match="a reviewer known to the policy"):
        decide(db, item_id=item.item_id, person="Stranger", **more)
    assert decide(db, item_id=item.item_id, person="Dan Clinician", **more).item.state != "open"


# ---- closing ---------------------------------------------------------------------------------------------------------


def test_expiring_closes_what_is_overdue_and_nothing_else(db: Database, policy: Policy) -> None:
    short, long = opened(db, policy, medication(INSULIN)), opened(db, policy, summary(), revision=2)
    assert expire(db, now=NOW + timedelta(hours=3)) == ()
    assert [item.item_id for item in expire(db, now=NOW + timedelta(hours=5))] == [short.item_id]
    assert expire(db, now=NOW + timedelta(hours=5)) == ()
    assert (state(db, short), state(db, long)) == ("expired", "open")


@pytest.mark.parametrize("close", ["cancel", "mark_stale"])
def test_an_approved_item_may_be_taken_back_until_a_write_begins(db: Database, policy: Policy, close: str) -> None:
    def take_back(item: Item) -> Item:
        if close == "cancel":
            return cancel(db, item_id=item.item_id, person="Ada", now=SOON)
        return mark_stale(db, item_id=item.item_id, now=SOON)

    waiting = opened(db, policy)
    assert take_back(waiting).state == {"cancel": "cancelled", "mark_stale": "stale"}[close]
    with pytest.raises(AlreadyDecided):
        take_back(waiting)
    approved = opened(db, policy, revision=2)
    approve(db, approved, "Ada", policy)
    assert take_back(approved).approved_entries is None
    rows = outbox_for(db, approved.item_id)
    assert {row.state for row in rows} == {"refused"}
    with db.write() as connection:
        assert not outbox.mark_sent(connection, rows[0].outbox_id, now=SOON)
    sent = opened(db, policy, revision=3)
    approve(db, sent, "Ada", policy)
    with db.write() as connection:
        assert outbox.mark_sent(connection, outbox_for(db, sent.item_id)[0].outbox_id, now=SOON)
    with pytest.raises(AlreadySent, match="being written"):
        take_back(sent)


def test_a_refreshed_round_is_linked_to_the_stale_item(db: Database, policy: Policy) -> None:
    item = opened(db, policy)
    mark_stale(db, item_id=item.item_id, now=SOON)
    following = open_item(db, a_proposal(policy=policy, revision=2), policy=policy, now=SOON, replaces=item.item_id)
    with pytest.raises(AlreadyDecided, match=f"already stale: decide {following.item_id} instead"):
        approve(db, item, "Ada", policy)


@pytest.mark.parametrize("ending", ["approve", "reject"])
def test_what_was_decided_is_not_replaced(db: Database, policy: Policy, ending: Any) -> None:
    item = opened(db, policy)
    decide(db, item_id=item.item_id, person="Ada", verb=ending, code="clutter", policy=policy, now=SOON)
    with pytest.raises(AlreadyDecided):
        open_item(db, a_proposal(policy=policy, revision=2), policy=policy, now=SOON, replaces=item.item_id)
    assert len(queue(db)) == 1


def test_superseding_by_hand(db: Database, policy: Policy) -> None:
    old, new = opened(db, policy), opened(db, policy, revision=2)
    assert supersede(db, item_id=old.item_id, by=new.item_id, now=SOON).next_item == new.item_id
    with pytest.raises(AlreadyDecided):
        supersede(db, item_id=old.item_id, by=new.item_id, now=SOON)
    with pytest.raises(ItemNotFound):
        supersede(db, item_id=new.item_id, by="nothing", now=SOON)
