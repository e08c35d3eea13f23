"""Where LangGraph keeps its steps on one machine, and the fence that keeps a worker out who came back late."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from store.database import refusal

Checkpoints = BaseCheckpointSaver[Any]
"""What keeps the steps."""

_HELD: ContextVar[Callable[[], None] | None] = ContextVar("held", default=None)


def serializer() -> JsonPlusSerializer:
    """Plain types only, no pickle."""
    return _Plain(allowed_msgpack_modules=None)


class _Plain(JsonPlusSerializer):
    """Keeps of a node's failure what it was, not its words, which may quote a chart."""

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:  # noqa: ANN401 - whatever a node gave
        return super().dumps_typed(type(obj).__name__ if isinstance(obj, BaseException) else obj)


@asynccontextmanager
async def sqlite_checkpoints(path: Path) -> AsyncIterator[Checkpoints]:
    """The embedded checkpoint store: one file."""
    async with aiosqlite.connect(path, timeout=30) as connection:
        await connection.execute("PRAGMA journal_mode=WAL")
        saver = _FileSaver(connection, serde=serializer())
        await saver.setup()
        yield saver


class KeptSteps(BaseCheckpointSaver[Any]):
    """A store of steps, put before LangGraph's own, that says by name why a step cannot be kept."""

    def keeping(self) -> AbstractAsyncContextManager[None]:
        """What stands around each step that is kept; may raise before, and names what is raised inside."""
        raise NotImplementedError

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint."""
        async with self.keeping():
            return await super().aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a task wrote."""
        async with self.keeping():
            await super().aput_writes(config, writes, task_id, task_path)


class _FileSaver(KeptSteps, AsyncSqliteSaver):
    """Says by name when there is no room for a step."""

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if (kind := refusal(error)) is not None:
                raise kind from error
            raise


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
