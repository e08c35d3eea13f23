"""Rounds: what a row keeps, and that a status moves for one caller only."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import StatementError

from store import items, runs
from store.artifacts import put_json
from store.database import Database
from store.items import ItemRow
from tests.unit.store.conftest import NOW, a_run

LATER = NOW + timedelta(minutes=1)


def an_item(item_id: str, run_id: str, state: items.ItemState = "open") -> ItemRow:
    return ItemRow(
        item_id=item_id,
        run_id=run_id,
        patient="Patient/p1",
        tasks=("summary",),
        tier=1,
        state=state,
        revision=1,
        proposal_sha256="0" * 64,
        artifact_sha256="",
        policy_sha256="0" * 64,
        opened=NOW,
        expires_at=LATER,
    )


def test_every_field_comes_back(db: Database) -> None:
    with db.write() as connection:
        runs.create(connection, a_run("run-0"))
        result = put_json(connection, {"page": []}, kind="result", run_id="run-1", now=NOW)
        full = a_run(
            question="Is she allergic?",
            since="2021-01",
            model_name="m",
            model_revision="r",
            refreshes="run-0",
            status_detail="why",
        )
        runs.create(connection, full)
        runs.set_ledger(connection, "run-1", {"llm_calls": 2}, now=LATER)
        runs.set_feedback(connection, "run-1", "shorter", now=LATER)
        runs.set_result(connection, "run-1", result, now=LATER)
        found = runs.get(connection, "run-1")
    assert found is not None
    assert (found.question, found.since, found.refreshes, found.tasks) == (
        "Is she allergic?",
        "2021-01",
        "run-0",
        ("summary", "suggestions"),
    )
    assert (found.ledger, found.feedback, found.result_sha256, found.updated) == (
        {"llm_calls": 2},
        "shorter",
        result,
        LATER,
    )


def test_a_status_moves_only_from_where_it_is_expected(db: Database) -> None:
    with db.write() as connection:
        runs.create(connection, a_run())
        assert not runs.set_status(connection, "run-1", from_={"committing"}, to="written", now=LATER)
        assert not runs.set_status(connection, "nobody", from_={"running"}, to="failed", now=LATER)
        assert runs.set_status(connection, "run-1", from_={"running"}, to="awaiting_review", now=LATER)
        waiting = runs.get(connection, "run-1")
        assert waiting is not None
        assert (waiting.status, waiting.closed, waiting.updated) == ("awaiting_review", None, LATER)
        assert runs.set_status(
            connection, "run-1", from_={"awaiting_review"}, to="failed", now=LATER, detail="It could not be read."
        )
        failed = runs.get(connection, "run-1")
        assert failed is not None
        assert (failed.status, failed.closed, failed.status_detail) == ("failed", LATER, "It could not be read.")


def test_of_many_who_move_one_status_one_succeeds(db: Database) -> None:
    with db.write() as connection:
        runs.create(connection, a_run())
    won: list[bool] = []

    def move() -> None:
        with db.write() as connection:
            won.append(runs.set_status(connection, "run-1", from_={"running"}, to="committing", now=LATER))

    threads = [threading.Thread(target=move) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]


def test_the_queries_find_what_waits_and_what_nobody_drives(db: Database) -> None:
    with db.write() as connection:
        sha256 = put_json(connection, {}, kind="proposal", run_id="run-1", now=NOW)
        for name, status in {
            "running": "running",
            "waits": "awaiting_review",
            "decided": "awaiting_review",
            "commits": "committing",
            "done": "written",
        }.items():
            runs.create(connection, a_run(name, status=status))
        runs.create(connection, a_run("other", patient="Patient/p2", status="awaiting_review"))
        items.insert(connection, replace(an_item("i1", "waits"), artifact_sha256=sha256))
        items.insert(connection, replace(an_item("i2", "decided"), artifact_sha256=sha256))
        items.insert(connection, replace(an_item("i3", "other"), artifact_sha256=sha256))
        items.close(connection, "i2", to="approved", now=LATER)
    with db.read() as connection:
        assert {run.run_id for run in runs.undriven(connection)} == {"running", "commits", "decided"}
        assert {run.run_id for run in runs.waiting(connection, patient="Patient/p1", tasks=["summary"])} == {
            "waits",
            "decided",
        }
        assert runs.waiting(connection, patient="Patient/p1", tasks=["imaging"]) == ()
        assert {run.run_id for run in runs.by_status(connection, {"written"})} == {"done"}


def test_a_time_without_a_zone_is_refused(db: Database) -> None:
    with pytest.raises(StatementError, match="with a time zone"), db.write() as connection:
        runs.create(connection, a_run(created=NOW.replace(tzinfo=None)))
