"""How much of a store is looked at: counted, not timed, so that it is the same on a busy machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Engine

from preround.home import STATE
from store.tables import audit
from tests.scale.filled import TABLES

_ROWS = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables WHERE relname = ANY(%s)"
_GROWING = [table.name for table in (*TABLES, audit)]
"""Leases and LangGraph's steps go with their round, and how often a lease is renewed is a matter of time."""
_EVERY = 10
"""Steps of SQLite's machine between two countings."""


@dataclass(kw_only=True)
class Looked:
    """What was looked at."""

    much: int = 0
    """Steps of SQLite's virtual machine, or rows that PostgreSQL read."""


@contextmanager
def looking(url: str | None) -> Iterator[Looked]:
    """Count what a house that is opened inside the block has its state look at.

    Args:
        url: of the PostgreSQL where the state lies; `None` for the file in the home.
    """
    looked = Looked()
    if url is None:
        with _stepping(looked):
            yield looked
        return
    before = _rows_read(url)
    yield looked
    looked.much = _rows_read(url) - before


@contextmanager
def _stepping(looked: Looked) -> Iterator[None]:
    def count() -> None:
        looked.much += _EVERY

    def connect(connection: Any, _entry: object) -> None:
        (file,) = (row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main")
        if file.endswith(STATE):
            connection.set_progress_handler(count, _EVERY)

    event.listen(Engine, "connect", connect)
    try:
        yield
    finally:
        event.remove(Engine, "connect", connect)


def _rows_read(url: str) -> int:
    """A process of PostgreSQL tells what it read when its connection ends: asked until it is twice the same."""
    seen = -1
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(50):
            connection.execute("SELECT pg_stat_clear_snapshot()")
            found = int(connection.execute(_ROWS, [_GROWING]).fetchone()[0])  # type: ignore[index]
            if found == seen:
                break
            seen = found
            time.sleep(0.3)
    return seen
