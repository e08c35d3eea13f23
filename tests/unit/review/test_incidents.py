"""Open reports pause what they are about, and a round looks at these alone, however many were closed before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from review.gate import decide, open_item
from review.incidents import IncidentOver, IncidentUnknown, act_on, incidents, paused
from review.policy import Policy
from store import runs
from store.database import Database, database_at
from store.incident_acts import Act
from tests.unit.review.conftest import NOW, SOON, a_proposal, a_run, lab, summary

SCREENING = "https://example.org/PlanDefinition/screening"
STATIN = "https://example.org/PlanDefinition/statin"


def reported(db: Database, policy: Policy, run_id: str, recommendation: str, code: str = "unsafe") -> str:
    """The item of a round whose suggestion was rejected for that reason."""
    with db.write() as connection:
        runs.create(connection, a_run(run_id))
    draft = lab()
    suggestion = lab(resource={**draft.resource, "instantiatesCanonical": [f"{recommendation}|2.1"]})
    item = open_item(db, a_proposal(summary(), suggestion, policy=policy, run_id=run_id), policy=policy, now=NOW)
    decide(db, item_id=item.item_id, person="Ada", verb="reject", code=code, words="harm", policy=policy, now=SOON)
    return item.item_id


def act(db: Database, policy: Policy, item_id: str, done: Act, minutes: int = 0) -> Any:
    at = SOON + timedelta(minutes=minutes)
    return act_on(db, item_id, done, person="Ada", words="looked at", policy=policy, now=at)


def test_what_an_open_report_pauses_goes_on_once_it_is_closed_and_stops_when_it_is_reopened(
    db: Database, policy: Policy
) -> None:
    first, second = reported(db, policy, "run-2", SCREENING), reported(db, policy, "run-3", STATIN)
    reported(db, policy, "run-4", "https://example.org/PlanDefinition/other", code="wrong-patient")
    assert paused(db) == {SCREENING, STATIN}, "another reason opens an incident and pauses nothing"
    act(db, policy, first, "taken")
    act(db, policy, second, "noted")
    assert paused(db) == {SCREENING, STATIN}
    act(db, policy, first, "closed")
    assert paused(db) == {STATIN}
    again = act(db, policy, first, "reopened")
    assert paused(db) == {SCREENING, STATIN}
    assert again == next(one for one in incidents(db) if one.item_id == first)
    assert [one.act for one in again.acts] == ["taken", "closed", "reopened"]


def test_only_an_incident_is_acted_on_and_only_an_open_one_closed(db: Database, policy: Policy) -> None:
    item, plain = reported(db, policy, "run-2", SCREENING), reported(db, policy, "run-3", STATIN, code="clutter")
    for unknown in (plain, "0" * 16):
        with pytest.raises(IncidentUnknown):
            act(db, policy, unknown, "closed")
    with pytest.raises(IncidentOver):
        act(db, policy, item, "reopened")
    act(db, policy, item, "closed")
    with pytest.raises(IncidentOver):
        act(db, policy, item, "closed")


def test_a_round_and_an_act_ask_the_store_as_much_after_many_reports_as_after_few(db: Database, policy: Policy) -> None:
    mine = reported(db, policy, "run-open", STATIN)
    act(db, policy, reported(db, policy, "run-closed", SCREENING), "closed")

    def asked() -> list[int]:
        with statements() as of_round:
            assert paused(db) == {STATIN}
        with statements() as of_act:
            act(db, policy, mine, "noted")
        return [len(of_round), len(of_act)]

    few = asked()
    for n in range(12):
        act(db, policy, reported(db, policy, f"run-closed-{n}", SCREENING), "closed")
    assert few[0] > 1
    # One's own acts are read with one statement, whatever their number.
    assert asked() == few


def test_the_rejections_are_found_by_their_reason_not_by_looking_at_all(tmp_path: Path) -> None:
    db = database_at(tmp_path / "preround.sqlite")  # PostgreSQL looks at all where there are few
    db.migrate()
    with statements() as asked:
        paused(db)
    ((question, values),) = [one for one in asked if "decisions" in one[0]]
    with db.read() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}", values)]
    db.close()
    assert any("ix_decisions_verb_code" in step for step in plan)
    assert not [step for step in plan if step.startswith("SCAN")], plan


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """What databases are asked inside the block, with the values."""
    asked: list[tuple[str, Any]] = []

    def ask(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        asked.append((statement, values))

    event.listen(Engine, "before_cursor_execute", ask)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", ask)
