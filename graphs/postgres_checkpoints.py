"""Where LangGraph keeps its steps on PostgreSQL; needs the extra `postgres`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from graphs.checkpoints import Checkpoints, serializer, still_held
from store.database import DatabaseAway

_SETUP_LOCK = 7_236_003
"""The advisory lock under which one process at a time makes LangGraph's tables; any fixed number does."""


@asynccontextmanager
async def postgres_checkpoints(url: str) -> AsyncIterator[Checkpoints]:
    """The checkpoint store on PostgreSQL, its tables made where they are missing.

    Args:
        url: the database's address, as `Database` takes it.

    Raises:
        DatabaseAway: when it does not answer, here and in every step.
    """
    settings = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row, "connect_timeout": 10}
    pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
        url.replace("postgresql+psycopg://", "postgresql://", 1),
        min_size=1,
        max_size=4,
        timeout=10,
        kwargs=settings,
        check=AsyncConnectionPool.check_connection,
        open=False,
    )
    try:
        with _away():
            await pool.open(wait=True, timeout=10)
            saver = FencedSaver(pool, serde=serializer())
            await _set_up(pool, saver)
        yield saver
    finally:
        await pool.close()


async def _set_up(pool: AsyncConnectionPool[AsyncConnection[DictRow]], saver: AsyncPostgresSaver) -> None:
    async with pool.connection() as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", [_SETUP_LOCK])
        try:
            await saver.setup()
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", [_SETUP_LOCK])


class FencedSaver(AsyncPostgresSaver):
    """Keeps a step only for who still holds the round."""

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint.

        Raises:
            LeaseLost: when another holds the round by now.
            DatabaseAway: when the database does not answer.
        """
        await asyncio.to_thread(still_held)
        with _away():
            return await super().aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a task wrote; raises as `aput` does."""
        await asyncio.to_thread(still_held)
        with _away():
            await super().aput_writes(config, writes, task_id, task_path)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The latest step, or the one named; raises `DatabaseAway`."""
        with _away():
            return await super().aget_tuple(config)


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise DatabaseAway from error
