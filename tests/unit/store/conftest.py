"""A fresh database a test, and a run to hang things on."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from store.database import Database
from store.runs import Run
from tests.stores import empty_url, postgres, store_url, which_store

__all__ = ["a_run", "db", "empty_url", "postgres", "store_url", "which_store"]

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
