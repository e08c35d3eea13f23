"""A fresh database a test, and a run to hang things on."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.database import Database, database_at
from store.runs import Run

NOW = datetime(2021, 8, 1, 7, 0, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = database_at(tmp_path / "preround.db")
    database.migrate()
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
