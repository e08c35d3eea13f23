"""Where LangGraph keeps its steps on one machine, and the fence that keeps a worker out who came back late."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

Checkpoints = BaseCheckpointSaver[Any]
"""What keeps the steps."""

_HELD: ContextVar[Callable[[], None] | None] = ContextVar("held", default=None)


def serializer() -> JsonPlusSerializer:
    """Plain types only, no pickle."""
    return JsonPlusSerializer(allowed_msgpack_modules=None)


@asynccontextmanager
async def sqlite_checkpoints(path: Path) -> AsyncIterator[Checkpoints]:
    """The embedded checkpoint store: one file."""
    async with aiosqlite.connect(path, timeout=30) as connection:
        await connection.execute("PRAGMA journal_mode=WAL")
        saver = AsyncSqliteSaver(connection, serde=serializer())
        await saver.setup()
        yield saver


@contextmanager
def held_by(check: Callable[[], None]) -> Iterator[None]:
    """While the block lasts, a step is kept only after a check that may raise.

    Args:
        check: makes sure that the round is still held.
    """
    token = _HELD.set(check)
    try:
        yield
    finally:
        _HELD.reset(token)


def still_held() -> None:
    """Check what `held_by` said; nothing where it said nothing."""
    check = _HELD.get()
    if check is not None:
        check()
