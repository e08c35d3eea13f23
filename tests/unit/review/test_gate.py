"""The gate, one behaviour a test."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from sqlalchemy import delete, update

from claims.canonical import read_exact, sha256_of
from claims.seal import derived_id
from review.decision import DecisionOutcome
from review.errors import (
    AlreadyDecided,
    AlreadySent,
    DifferentEntries,
    EditUnusable,
    EntriesUnusable,
    HashMismatch,
    ItemExpired,
    ItemNotFound,
    NeverProposed,
    NotAllowed,
    ProposalDamaged,
    ProposalUnusable,
    ReceiptNotFound,
    Refused,
    UnknownReason,
    WordsNeeded,
    WrongPatient,
)
from review.gate import cancel, decide, expire, mark_stale, open_item, supersede
from review.item import Item
from review.policy import Policy
from review.proposal import to_bytes
from review.queue import claim, outbox_for, queue, release, show
from review.receipt import receipt, receipts
from review.sealing import preview
from store import artifacts, audit, outbox, runs
from store.database import Database
from store.tables import artifacts as artifacts_table
from store.tables import items as items_table
from tests.unit.review.conftest import NOW, SOON, a_proposal, a_run, lab, medication, summary

INSULIN = "Insulin glargine"


def opened(db: Database, policy: Policy, *drafts: Any, revision: int = 1) -> Item:
    return open_item(db, a_proposal(*drafts, policy=policy, revision=revision), policy=policy, now=NOW)


def approve(db: Database, item: Item, person: str, policy: Policy, **more: Any) -> DecisionOutcome:
    return decide(db, item_id=item.item_id, person=person, verb="approve", policy=policy, **({"now": SOON} | more))


def state(db: Database, item: Item) -> str:
    return show(db, item.item_id).item.state


# ---- opening ---------------------------------------------------------------------------------------------------------


def test_an_item_waits_with_its_tier_and_its_time(db: Database, policy: Policy) -> None:
    item = opened(db, policy)
    assert (item.tier, item.state, item.expires_at) == (2, "open", NOW + timedelta(hours=24))
    assert queue(db, states={"open"}) == (item,)
    shown = show(db, item.item_id)
    assert (shown.item, shown.proposal, shown.decisions, shown.outbox) == (item, a_proposal(policy=policy), (), ())


def test_opening_again_after_a_crash_gives_the_same_item(db: Database, policy: Policy) -> None:
    item = opened(db, policy)
    approve(db, item, "Ada", policy)
    assert opened(db, policy).state == "approved"
    assert len(queue(db)) == 1


def test_a_proposal_made_by_hand_does_not_get_in(db: Database, policy: Policy) -> None:
    honest = a_proposal(medication(INSULIN), policy=policy)
    lower = replace(honest, entries=(replace(honest.entries[0], tier=1),))
    with pytest.raises(ProposalUnusable, match="not made by `propose`"):
        open_item(db, lower, policy=policy, now=NOW)
    with pytest.raises(ProposalUnusable, match="its round is not in the store"):
        open_item(db, a_proposal(policy=policy, run_id="run-9"), policy=policy, now=NOW)
    with db.write() as connection:
        runs.create(connection, a_run("run-2", patient="Patient/p2"))
    with pytest.raises(ProposalUnusable, match="another patient's"):
        open_item(db, a_proposal(policy=policy, run_id="run-2"), policy=policy, now=NOW)
    assert queue(db) == ()


def test_a_new_round_takes_the_place_of_a_waiting_one_for_the_same_task(db: Database, policy: Policy) -> None:
    with db.write() as connection:
        runs.create(connection, a_run("run-2"))
        runs.create(connection, a_run("run-3"))
    old = opened(db, policy)
    imaging = open_item(db, a_proposal(summary(task="imaging"), policy=policy, run_id="run-2"), policy=policy, now=NOW)
    new = open_item(
        db, a_proposal(policy=policy, run_id="run-3"), policy=policy, now=SOON, supersede_tasks=("summary",)
    )
    assert {item.item_id: (item.state, item.next_item) for item in queue(db)} == {
        old.item_id: ("superseded", new.item_id),
        imaging.item_id: ("open", None),
        new.item_id: ("open", None),
    }
    with pytest.raises(AlreadyDecided, match=new.item_id):
        approve(db, old, "Ada", policy)


# ---- approving -------------------------------------------------------------------------------------------------------


def test_an_approval_puts_the_sealed_form_into_the_outbox(db: Database, policy: Policy) -> None:
    item = opened(db, policy)
    outcome = approve(db, item, " Ada  Nowak ", policy, proposal_sha256=item.proposal_sha256)
    assert (outcome.outcome, outcome.item.state, outcome.item.approved_entries) == ("approved", "approved", (1, 2))
    rows = outbox_for(db, item.item_id)
    assert [(row.entry, row.part, row.resource_type) for row in rows] == [
        (1, "device", "Device"),
        (1, "target", "Composition"),
        (1, "provenance", "Provenance"),
        (2, "device", "Device"),
        (2, "target", "ServiceRequest"),
        (2, "provenance", "Provenance"),
    ]
    assert {(row.state, row.attempts, row.if_match) for row in rows} == {("pending", 0, None)}
    for row in rows:
        resource = read_exact(row.body)
        get_fhir_model_class(row.resource_type).model_validate_json(row.body)
        assert (sha256_of(resource), resource["id"]) == (row.sha256, row.resource_id)
    assert json.loads(rows[1].body)["attester"][0]["party"]["display"] == "Ada Nowak"
    assert json.loads(rows[4].body)["status"] == "draft"


def test_what_is_shown_before_signing_is_what_is_written(db: Database, policy: Policy) -> None:
    item = opened(db, policy)
    shown = preview(show(db, item.item_id).proposal, 1, person="Ada", policy=policy, now=SOON)
    approve(db, item, "Ada", policy)
    rows = outbox_for(db, item.item_id)[:3]
    assert [sealed.sha256 for sealed in shown.resources] == [row.sha256 for row in rows]
    assert {row.group_sha256 for row in rows} == {shown.sha256}


def test_what_the_second_signer_is_shown_is_what_is_written(db: Database, policy: Policy) -> None:
    item = opened(db, policy, summary(), medication(INSULIN), lab())
    approve(db, item, "Ada", policy, only=(2, 3))
    seen = show(db, item.item_id)
    shown = preview(seen.proposal, 2, person="Ben", policy=policy, now=SOON, only=(2, 3), before=seen.decisions)
    approve(db, item, "Ben", policy, only=(2, 3))
    assert [sealed.sha256 for sealed in shown.resources] == [row.sha256 for row in outbox_for(db, item.item_id)[:3]]


def test_only_some_entries(db: Database, policy: Policy) -> None:
    item = opened(db, policy)
    outcome = approve(db, item, "Ada", policy, only=(2,))
    assert outcome.item.approved_entries == (2,)
    assert [n for n, _ in outcome.decision.entries] == [2]
    assert {row.entry for row in outbox_for(db, item.item_id)} == {2}
    with db.read() as connection:
        assert audit.rows(connection, subject=item.item_id)[-1].detail["not_approved"] == [1]
    with pytest.raises(AlreadyDecided):
        approve(db, item, "Ben", policy, only=(1,))


@pytest.mark.parametrize("only", [(), (3,), (0,), (1, 3), (-1,)])
def test_entries_that_are_not_there_are_refused(db: Database, policy: Policy, only: tuple[int, ...]) -> None:
    item = opened(db, policy)
    with pytest.raises(EntriesUnusable, match="at least one"):
        approve(db, item, "Ada", policy, only=only)
    assert state(db, item) == "open"


@pytest.mark.parametrize("verb", ["reject", "revise", "edit"])
def test_only_is_for_approving(db: Database, policy: Policy, verb: Any) -> None:
    item = opened(db, policy)
    with pytest.raises(EntriesUnusable, match="whole item"):
        decide(
            db,
            item_id=item.item_id,
            person="Ada",
            verb=verb,
            only=(1,),
            code="unsafe",
            words="w",
            policy=policy,
            now=SOON,
        )


def test_two_signatures_by_two_people(db: Database, policy: Policy) -> None:
    item = opened(db, policy, summary(), medication(INSULIN))
    first = approve(db, item, "Ada", policy)
    assert (first.outcome, len(first.signatures_missing), state(db, item)) == ("signed", 1, "open")
    assert outbox_for(db, item.item_id) == ()
    for same in ("Ada", "ADA ", "ada"):
        with pytest.raises(AlreadyDecided, match="another person must give"):
            approve(db, item, same, policy)
    second = approve(db, item, "Ben", policy)
    assert second.outcome == "approved"
    rows = outbox_for(db, item.item_id)
    provenance = json.loads(rows[-1].body)
    assert [agent["who"].get("display") for agent in provenance["agent"]] == ["Preround", "Ada", "Ben"]
    assert {agent["role"][0]["coding"][0]["code"] for agent in provenance["agent"][1:]} <= {"prescriber", "attending"}


def test_two_people_must_sign_the_same_entries(db: Database, policy: Policy) -> None:
    item = opened(db, policy, summary(), medication(INSULIN))
    approve(db, item, "Ada", policy, only=(2,))
    for only in ((1,), (1, 2), None):
        with pytest.raises(DifferentEntries, match="covers entries 2"):
            approve(db, item, "Ben", policy, only=only)
    assert approve(db, item, "Ben", policy, only=(2,)).item.approved_entries == (2,)


def test_a_summary_does_not_wait_for_the_insulin_beside_it(db: Database, policy: Policy) -> None:
    item = opened(db, policy, summary(), medication(INSULIN))
    assert (item.tier, item.expires_at) == (4, NOW + timedelta(hours=4))
    assert approve(db, item, "Ada", policy, only=(1,)).item.approved_entries == (1,)


@pytest.mark.parametrize(
    ("draft", "people", "accepted"),
    [
        (summary(), ["Dan Clinician"], True),
        (summary(), ["Ben Pharmacist"], False),
        (summary(), ["Stranger"], False),
        (summary(), [" "], False),
        (lab(), ["Dan Clinician"], False),
        (lab(), ["Ada Prescriber"], True),
        (medication("Atorvastatin", medication_class="statin"), ["Ada Prescriber"], True),
        (medication("Atorvastatin", medication_class="statin"), ["Flo Prescriber"], False),
        (medication(INSULIN), ["Ada Prescriber", "Eve Prescriber"], False),
        (medication(INSULIN), ["Ada Prescriber", "Ben Pharmacist"], True),
        (medication(INSULIN), ["Ben Pharmacist", "Ada Prescriber"], True),
        (medication(INSULIN), ["Ada Prescriber", "Cyd Attending"], True),
        (medication(INSULIN), ["Ben Pharmacist", "Dan Clinician"], False),
    ],
)
def test_who_may_sign_what_at_a_site(db: Database, site: Policy, draft: Any, people: list[str], accepted: bool) -> None:
    item = opened(db, site, draft)
    outcomes: list[str] = []
    for person in people:
        try:
            outcomes.append(approve(db, item, person, site).outcome)
        except NotAllowed as error:
            assert "The policy does not accept this" in str(error)  # noqa: PT017
            outcomes.append("refused")
    assert (outcomes[-1] == "approved") is accepted
    assert bool(outbox_for(db, item.item_id)) is accepted
    assert len(show(db, item.item_id).decisions) == sum(outcome != "refused" for outcome in outcomes)


def test_a_door_may_vouch_for_what_the_policy_does_not(db: Database, site: Policy) -> None:
    item = opened(db, site, medication("Atorvastatin", medication_class="statin"))
    with pytest.raises(NotAllowed, match="signed in again"):
        approve(db, item, "Flo Prescriber", site, attested=frozenset({"evidence_opened"}))
    done = approve(db, item, "Flo Prescriber", site, attested=frozenset({"evidence_opened", "signed_in_again"}))
    assert done.decision.attested == ("evidence_opened", "signed_in_again")


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_an_unknown_item(db: Database, policy: Policy) -> None:
    with pytest.raises(ItemNotFound, match="preround queue"):
        decide(db, item_id="nothing", person="Ada", verb="approve", policy=policy, now=SOON)
    with pytest.raises(ItemNotFound):
        show(db, "nothing")


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=9)])
def test_a_late_decision_closes_the_item_and_is_refused(db: Database, policy: Policy, late: timedelta) -> None:
    item = opened(db, policy)
    for _ in range(2):
        with pytest.raises(ItemExpired, match="run the round again"):
            approve(db, item, "Ada", policy, now=item.expires_at + late)
    assert state(db, item) == "expired"
    with pytest.raises(ItemExpired):
        approve(db, item, "Ada", policy)
    shown = show(db, item.item_id)
    assert (shown.decisions, shown.outbox) == ((), ())


def test_the_last_moment_counts(db: Database, policy: Policy) -> None:
    item = opened(db, policy)
    assert approve(db, item, "Ada", policy, now=item.expires_at - timedelta(microseconds=1)).outcome == "approved"


def test_another_proposal_than_the_one_shown(db: Database, policy: Policy) -> None:
    item = opened(db, policy)
    with pytest.raises(HashMismatch, match="open it again"):
        approve(db, item, "Ada", policy, proposal_sha256="0" * 64)
    assert state(db, item) == "open"


def test_a_stored_proposal_that_was_touched_is_refused(db: Database, policy: Policy) -> None:
    item = opened(db, policy)
    other = a_proposal(summary("Something else"), policy=policy)
    with db.write() as connection:
        sha256 = artifacts.put_bytes(connection, to_bytes(other), kind="proposal", now=NOW)
        body = connection.execute(artifacts_table.select().where(artifacts_table.c.sha256 == sha256)).one().body
        connection.execute(
            update(artifacts_table).where(artifacts_table.c.sha256 == item.artifact_sha256).values(body=body)
        )
    with pytest.raises(ProposalDamaged):
        approve(db, item, "Ada", policy)
    with db.write() as connection:
        connection.execute(update(items_table).values(artifact_sha256=sha256))
        connection.execute(delete(artifacts_table).where(artifacts_table.c.sha256 == item.artifact_sha256))
    with pytest.raises(ProposalDamaged):
        approve(db, item, "Ada", policy)
    assert outbox_for(db, item.item_id) == ()


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


# ---- queue, receipts, audit ------------------------------------------------------------------------------------------


def test_a_review_belongs_to_somebody(db: Database, policy: Policy, site: Policy) -> None:
    item = opened(db, policy)
    assert claim(db, item_id=item.item_id, person="Ada", policy=policy, now=SOON).claimed_by == "Ada"
    assert claim(db, item_id=item.item_id, person="Ada", policy=policy, now=SOON).claimed_at == SOON
    with pytest.raises(NotAllowed, match="Ada's review"):
        claim(db, item_id=item.item_id, person="Ben", policy=policy, now=SOON)
    with pytest.raises(NotAllowed):
        release(db, item_id=item.item_id, person="Stranger", policy=site, now=SOON)
    assert release(db, item_id=item.item_id, person="Ben", policy=policy, now=SOON).claimed_by is None
    with pytest.raises(NotAllowed):
        claim(db, item_id=item.item_id, person="Stranger", policy=site, now=SOON)
    approve(db, item, "Ben", policy)
    with pytest.raises(AlreadyDecided):
        claim(db, item_id=item.item_id, person="Ada", policy=policy, now=SOON)


def test_receipts_come_with_what_the_server_stored(db: Database, policy: Policy) -> None:
    item = opened(db, policy)
    approve(db, item, "Ada", policy)
    assert receipts(db, item.item_id) == ()
    rows = outbox_for(db, item.item_id)
    with db.write() as connection:
        for row in rows[:3]:
            assert outbox.mark_sent(connection, row.outbox_id, now=SOON)
            assert outbox.mark_failed(connection, row.outbox_id, error="The server did not answer.", now=SOON)
            assert outbox.mark_sent(connection, row.outbox_id, now=SOON)
            assert outbox.mark_done(
                connection, row.outbox_id, version="1", stored_sha256="s", stored_id=row.resource_id, now=SOON
            )
            assert not outbox.mark_done(
                connection, row.outbox_id, version="2", stored_sha256="t", stored_id="x", now=SOON
            )
        assert outbox.mark_refused(connection, rows[3].outbox_id, error="422", now=SOON)
        assert {row.outbox_id for row in outbox.unfinished(connection)} == {row.outbox_id for row in rows[4:]}
    (found,) = receipts(db, item.item_id)
    assert (found.entry, found.version, found.sha256, found.sealed_sha256) == (1, "1", "s", rows[1].sha256)
    assert found.reference == f"Composition/{rows[1].resource_id}"
    assert receipt(db, found.receipt) == (found, item.item_id)
    for other in ("nothing", rows[0].outbox_id, rows[4].outbox_id):
        with pytest.raises(ReceiptNotFound):
            receipt(db, other)
    done = outbox_for(db, item.item_id)[0]
    assert (done.attempts, done.last_error, done.state) == (2, None, "done")


def test_every_act_is_in_the_chain_without_words_from_the_chart(db: Database, policy: Policy) -> None:
    item = opened(db, policy, summary("Zanzibar syndrome"), medication(INSULIN))
    claim(db, item_id=item.item_id, person="Ada", policy=policy, now=SOON)
    approve(db, item, "Ada", policy)
    decide(
        db,
        item_id=item.item_id,
        person="Ben",
        verb="reject",
        code="other",
        words="No Zanzibar.",
        policy=policy,
        now=SOON,
    )
    with db.read() as connection:
        rows = audit.rows(connection, subject=item.item_id)
        assert audit.verify(connection).broken_at is None
    assert [(row.act, row.actor) for row in rows] == [
        ("item.opened", "preround"),
        ("item.claimed", "Ada"),
        ("item.signed", "Ada"),
        ("item.rejected", "Ben"),
    ]
    assert not any("zanzibar" in str(row).lower() or "insulin" in str(row).lower() for row in rows)
    assert rows[2].detail["entries"] == [[entry.n, entry.sha256] for entry in show(db, item.item_id).proposal.entries]


def test_a_refused_decision_leaves_no_row(db: Database, site: Policy) -> None:
    item = opened(db, site)
    with db.read() as connection:
        before = audit.verify(connection)
    for person, more in (
        ("Stranger", {}),
        ("Ada Prescriber", {"only": ()}),
        ("Ada Prescriber", {"proposal_sha256": "x"}),
    ):
        with pytest.raises((Refused, EntriesUnusable)):
            approve(db, item, person, site, **more)
    with db.read() as connection:
        assert audit.verify(connection) == before


def test_ids_are_derived(policy: Policy) -> None:
    assert derived_id("a", 1) == derived_id("a", 1) != derived_id("a1")
