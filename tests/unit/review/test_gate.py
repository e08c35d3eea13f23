"""The gate, where an item opens and is signed or may not be; one behaviour a test."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from sqlalchemy import delete, update

from claims.canonical import read_exact, sha256_of
from review.errors import (
    AlreadyDecided,
    DifferentEntries,
    EntriesUnusable,
    HashMismatch,
    ItemExpired,
    ItemNotFound,
    NotAllowed,
    ProposalDamaged,
    ProposalUnusable,
)
from review.gate import decide, open_item
from review.opened import note_opened
from review.policy import Policy
from review.proposal import to_bytes
from review.queue import outbox_for, queue, show
from review.sealing import preview
from store import artifacts, audit, runs
from store.database import Database
from store.tables import artifacts as artifacts_table
from store.tables import items as items_table
from store.tables import uses as uses_table
from tests.unit.review.conftest import NOW, SOON, SOURCES, a_proposal, a_run, lab, medication, summary
from tests.unit.review.gated import INSULIN, approve, opened, state

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
    assert outcomes[-1] == ("approved" if accepted else "refused")
    assert bool(outbox_for(db, item.item_id)) is accepted
    assert len(show(db, item.item_id).decisions) == sum(outcome != "refused" for outcome in outcomes)


def test_a_door_may_vouch_for_a_sign_in_and_for_nothing_else(db: Database, site: Policy) -> None:
    item = opened(db, site, medication("Atorvastatin", medication_class="statin"))
    everything: Any = frozenset({"evidence_opened", "signed_in_again"})
    with pytest.raises(NotAllowed, match="needs evidence opened before the signature; open 1"):
        approve(db, item, "Flo Prescriber", site, attested=everything)
    note_opened(db, item_id=item.item_id, person="Flo", key="flo prescriber", source=SOURCES[0], now=SOON)
    with pytest.raises(NotAllowed, match="needs signed in again before"):
        approve(db, item, "Flo Prescriber", site)
    done = approve(db, item, "Flo Prescriber", site, attested=frozenset({"signed_in_again"}))
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
        sha256 = artifacts.put_bytes(connection, to_bytes(other), kind="proposal", run_id="run-1", now=NOW)
        body = connection.execute(artifacts_table.select().where(artifacts_table.c.sha256 == sha256)).one().body
        connection.execute(
            update(artifacts_table).where(artifacts_table.c.sha256 == item.artifact_sha256).values(body=body)
        )
    with pytest.raises(ProposalDamaged):
        approve(db, item, "Ada", policy)
    with db.write() as connection:
        connection.execute(update(items_table).values(artifact_sha256=sha256))
        connection.execute(delete(uses_table).where(uses_table.c.sha256 == item.artifact_sha256))
        connection.execute(delete(artifacts_table).where(artifacts_table.c.sha256 == item.artifact_sha256))
    with pytest.raises(ProposalDamaged):
        approve(db, item, "Ada", policy)
    assert outbox_for(db, item.item_id) == ()
