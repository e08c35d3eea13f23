"""The gate, and what it leaves: whose a review is, receipts, the chain."""

import pytest

from claims.derived_id import derived_id
from review.errors import (
    AlreadyDecided,
    EntriesUnusable,
    NotAllowed,
    ReceiptNotFound,
    Refused,
)
from review.gate import decide
from review.policy import Policy
from review.queue import claim, outbox_for, release, show
from review.receipt import receipt, receipts
from store import audit, outbox
from store.database import Database
from tests.unit.review.conftest import SOON, medication, summary
from tests.unit.review.gated import INSULIN, approve, opened


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
