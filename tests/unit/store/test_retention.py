"""Retention: what is over goes, with what only it used; what is held, needed or younger stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from store import asks, audit, decisions, embeddings, holds, items, outbox, runs
from store.artifacts import ArtifactMissing, ArtifactPurged, get_bytes, put_bytes
from store.database import Database, Transaction
from store.retention import AT_ONCE, Gone, Rule, compact, preview, purge_some
from store.runs import RunStatus
from store.tables import artifacts, uses
from store.tables import items as item_rows
from store.tables import outbox as write_rows
from store.tables import runs as run_rows
from tests.unit.store.conftest import NOW, a_decision, a_run, a_write
from tests.unit.store.test_embeddings import ONE as VECTOR
from tests.unit.store.test_runs import an_item

RULE = Rule(before=NOW + timedelta(days=1), keep_codes={"harm"})
LATER = NOW + timedelta(days=30)


def closed(
    connection: Transaction, run_id: str, *, status: RunStatus = "written", when: datetime = NOW, **more: object
) -> dict[str, str]:
    """A round with a result, evidence of its own, an item and its write; its artifacts by kind."""
    found = {
        kind: put_bytes(connection, f"{kind} of {run_id}".encode(), kind=kind, run_id=run_id, now=when)
        for kind in ("evidence", "result", "proposal")
    }
    ended = None if status in runs.UNFINISHED else when
    runs.create(connection, a_run(run_id, status=status, closed=ended, question="Why?", **more))
    runs.set_result(connection, run_id, found["result"], now=when)
    items.insert(connection, replace(an_item(f"i-{run_id}", run_id), artifact_sha256=found["proposal"]))
    if status not in runs.UNFINISHED:
        items.close(connection, f"i-{run_id}", to="approved", now=when)
        outbox.append(connection, [a_write(f"i-{run_id}")])
    return found


def an_ask(item_id: str) -> asks.AskRow:
    return asks.AskRow(
        ask_id=f"a-{item_id}",
        item_id=item_id,
        asked="an attending",
        asked_keys=("role:attending",),
        person="Ada Nowak",
        person_key="ada nowak",
        words="Does her sister agree?",
        proposal_sha256="0" * 64,
        at=NOW,
    )


def purge(db: Database, rule: Rule = RULE) -> Gone:
    total = Gone()
    while True:
        with db.write() as connection:
            gone, _ = purge_some(connection, rule, person="Ada Nowak", now=LATER)
        if gone == Gone():
            compact(db)
            return total
        total += gone


def test_what_a_closed_round_said_goes_and_that_it_was_stays(db: Database) -> None:
    with db.write() as connection:
        found = closed(connection, "old")
        decisions.append(connection, replace(a_decision("i-old"), words="Her sister said so"))
        ask = asks.append(connection, an_ask("i-old"), run_id="old")
        assert ask is not None
        for done, detail in (("opened", {}), ("asked", {"row": asks.row_sha256(ask)}), ("approved", {})):
            audit.append(connection, at=NOW, actor="Ada Nowak", act=f"item.{done}", subject="i-old", detail=detail)
    with db.read() as connection:
        would, staying = preview(connection, RULE)
        (words,) = decisions.of_item(connection, "i-old")
        assert words.words == "Her sister said so"
    assert (would.rounds, would.artifacts, staying.held, staying.needed) == (1, 5, 0, 0)
    gone = purge(db)
    assert (gone.rounds, gone.artifacts) == (would.rounds, would.artifacts)
    assert gone.freed >= would.freed > 0
    with db.read() as connection:
        with pytest.raises(ArtifactMissing):
            get_bytes(connection, found["evidence"])
        for kind in ("result", "proposal"):
            with pytest.raises(ArtifactPurged, match="hashes remain"):
                get_bytes(connection, found[kind])
        run = runs.get(connection, "old")
        assert run is not None
        assert (run.question, run.status, run.purged, run.result_sha256) == (None, "written", LATER, found["result"])
        (row,) = outbox.of_item(connection, "i-old")
        assert (row.body, row.state, row.sha256) == ("", "done", "0" * 64)
        (decision,) = decisions.of_item(connection, "i-old")
        assert (decision.words, decision.person) == (None, "Ada Nowak")
        assert asks.of_item(connection, "i-old") == (replace(ask, words=None),)
        (act,) = [one for one in audit.rows(connection) if one.act == "purge"]
        assert (act.actor, act.detail["rounds"], act.detail["artifacts"]) == ("Ada Nowak", 1, 5)
        assert audit.verify(connection).broken_at is None
    assert purge(db) == Gone()


def test_what_is_not_over_or_still_needed_stays(db: Database) -> None:
    with db.write() as connection:
        closed(connection, "goes")
        closed(connection, "waits", status="awaiting_review")
        closed(connection, "writes", status="committing")
        closed(connection, "young", when=NOW + timedelta(days=2))
        closed(connection, "open-item")
        connection.execute(update(item_rows).where(item_rows.c.item_id == "i-open-item").values(state="open"))
        closed(connection, "unsent")
        connection.execute(update(write_rows).where(write_rows.c.item_id == "i-unsent").values(state="sent"))
        closed(connection, "refreshed", status="stale")
        closed(connection, "refreshes", status="running", refreshes="refreshed")
        closed(connection, "reported", status="rejected")
        decisions.append(connection, replace(a_decision("i-reported"), verb="reject", code="harm"))
    with db.read() as connection:
        would, staying = preview(connection, RULE)
    assert (would.rounds, staying.held, staying.needed) == (1, 0, 4)
    assert purge(db).rounds == 1
    with db.read() as connection:
        assert {run.run_id for run in runs.by_status(connection) if run.purged} == {"goes"}
        assert connection.execute(select(func.count()).select_from(artifacts)).scalar() == 8 * 3 + 2 + 1 - 1
        for run in runs.by_status(connection):
            assert run.purged or get_bytes(connection, str(run.result_sha256))


@pytest.mark.parametrize("subject", ["held", "Patient/p1"], ids=["round", "patient"])
def test_what_is_held_stays_until_the_hold_is_lifted(db: Database, subject: str) -> None:
    with db.write() as connection:
        closed(connection, "held")
        embeddings.keep(connection, replace(VECTOR, patient="Patient/p1"), now=NOW)
        hold = holds.set_hold(connection, subject=subject, reason="A letter", person="Ada", now=NOW)
    with db.read() as connection:
        would, staying = preview(connection, RULE)
    assert (would.rounds, staying.held, would.embeddings) == (0, 1, 0 if subject == "Patient/p1" else 1)
    assert purge(db).rounds == 0
    with db.write() as connection:
        holds.lift(connection, hold.hold_id, reason="Over", person="Ben", now=LATER)
        with pytest.raises(holds.HoldUnknown):
            holds.lift(connection, hold.hold_id, reason="Again", person="Ben", now=LATER)
    assert purge(db).rounds == 1
    with db.read() as connection:
        acts = [(one.act, one.actor, one.detail) for one in audit.rows(connection) if one.act.startswith("hold")]
        on = {"on": "patient"} if subject == "Patient/p1" else {"on": "round", "run": "held"}
        assert acts == [("hold.set", "Ada", on), ("hold.lifted", "Ben", on)]
        assert embeddings.alike(connection, replace(VECTOR, patient="Patient/p1", study="2", day="2030")) == ()


def test_what_two_rounds_use_goes_with_the_last(db: Database) -> None:
    with db.write() as connection:
        closed(connection, "old")
        closed(connection, "young", when=LATER)
        (shared,) = {put_bytes(connection, b"both", kind="plan", run_id=one, now=NOW) for one in ("old", "young")}
    purge(db)
    with db.read() as connection:
        assert get_bytes(connection, shared) == b"both"
    purge(db, Rule(before=LATER + timedelta(days=1)))
    with db.read() as connection, pytest.raises(ArtifactMissing):
        get_bytes(connection, shared)


def test_what_was_removed_can_be_kept_anew(db: Database) -> None:
    with db.write() as connection:
        found = closed(connection, "old")
    purge(db)
    with db.write() as connection:
        put_bytes(connection, b"proposal of old", kind="proposal", run_id="new", now=LATER)
        assert get_bytes(connection, found["proposal"]) == b"proposal of old"


def test_what_no_round_claimed_goes_by_its_age(db: Database) -> None:
    with db.write() as connection:
        closed(connection, "young", when=LATER)
        old = put_bytes(connection, b"old", kind="picture", run_id=None, now=NOW)
        new = put_bytes(connection, b"new", kind="picture", run_id=None, now=LATER)
    assert purge(db).artifacts == 1
    with db.read() as connection:
        assert get_bytes(connection, new) == b"new"
        with pytest.raises(ArtifactPurged):
            get_bytes(connection, old)


def test_what_a_round_of_before_may_use_unseen_stays_as_long_as_it(db: Database) -> None:
    with db.write() as connection:
        closed(connection, "before", status="awaiting_review")
        connection.execute(update(run_rows).values(linked=None))
        unseen = put_bytes(connection, b"evidence", kind="evidence", run_id=None, now=NOW)
    purge(db)
    with db.write() as connection:
        assert get_bytes(connection, unseen) == b"evidence"
        items.close(connection, "i-before", to="rejected", now=NOW)
        runs.set_status(connection, "before", from_={"awaiting_review"}, to="rejected", now=NOW)
    assert purge(db).rounds == 1
    with db.read() as connection, pytest.raises(ArtifactPurged):
        get_bytes(connection, unseen)


def test_many_go_some_at_a_time_and_a_cut_off_purge_goes_on(db: Database) -> None:
    many = AT_ONCE + 7
    with db.write() as connection:
        for n in range(many):
            closed(connection, f"r{n:03d}", when=NOW + timedelta(seconds=n))
    with db.write() as connection:
        first, ids = purge_some(connection, RULE, person="Ada", now=LATER)
    assert (first.rounds, ids[0], len(ids)) == (AT_ONCE, "r000", AT_ONCE)
    assert purge(db).rounds == 7
    with db.read() as connection:
        assert connection.execute(select(func.count()).select_from(uses)).scalar() == 0
        assert [one.detail["rounds"] for one in audit.rows(connection)] == [AT_ONCE, 7]
