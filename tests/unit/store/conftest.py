"""A fresh database a test, and a run to hang things on."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from store.database import Database
from store.decisions import DecisionRow
from store.outbox import OutboxRow
from store.runs import Run

NOW = datetime(2021, 8, 1, 7, 0, tzinfo=UTC)


@pytest.fixture
def db(store_url: str) -> Iterator[Database]:
    database = Database(store_url)
    yield database
    database.close()


def a_run(run_id: str = "run-1", **changes: object) -> Run:
    values: dict[str, object] = {
        "run_id": run_id,
        "patient": "Patient/p1",
        "tasks": ("summary", "suggestions"),
        "as_of": NOW,
        "reasoner": "offline",
        "status": "running",
        "graph_version": "1",
        "created": NOW,
        "updated": NOW,
    }
    return Run(**(values | changes))  # type: ignore[arg-type]


def a_decision(item_id: str) -> DecisionRow:
    return DecisionRow(
        decision_id=f"d-{item_id}",
        item_id=item_id,
        person="Ada Nowak",
        person_key="ada nowak",
        roles=("clinician",),
        verb="approve",
        entries=(),
        proposal_sha256="0" * 64,
        policy_sha256="0" * 64,
        at=NOW,
    )


def a_write(item_id: str) -> OutboxRow:
    return OutboxRow(
        outbox_id=f"{item_id}-1-1",
        item_id=item_id,
        entry=1,
        position=1,
        part="target",
        resource_type="Task",
        resource_id=f"t-{item_id}",
        if_match=None,
        body="Said in the record",
        sha256="0" * 64,
        group_sha256="0" * 64,
        state="done",
        attempts=1,
        stored_version="1",
        stored_id=f"t-{item_id}",
        created=NOW,
        updated=NOW,
    )
