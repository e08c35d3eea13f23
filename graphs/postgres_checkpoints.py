"""Where LangGraph keeps its steps on PostgreSQL; needs the extra `postgres`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from graphs.checkpoints import Checkpoints, KeptSteps, serializer, still_held
from store.database import DatabaseAway, refusal

_SETUP_LOCK = 7_236_003
"""The advisory lock under which one process at a time makes LangGraph's tables; any fixed number does."""
_TURN_SECONDS = 0.05


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
        # Asked for again and again: whoever waits inside a statement keeps a snapshot, and LangGraph builds its indexes
        # concurrently, which waits for all older snapshots; the two would wait for each other.
        while not await _locked(connection):  # noqa: ASYNC110 - no event tells of another process
            await asyncio.sleep(_TURN_SECONDS)
        try:
            await saver.setup()
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", [_SETUP_LOCK])


async def _locked(connection: AsyncConnection[DictRow]) -> bool:
    found = await connection.execute("SELECT pg_try_advisory_lock(%s) AS locked", [_SETUP_LOCK])
    row = await found.fetchone()
    return row is not None and bool(row["locked"])


class FencedSaver(KeptSteps, AsyncPostgresSaver):
    """Keeps a step only for who still holds the round."""

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Around each step that is kept.

        Raises:
            LeaseLost: when another holds the round by now.
            DatabaseAway: when the database does not answer.
        """
        await asyncio.to_thread(still_held)
        with _away():
            yield

    async def adelete_thread(self, thread_id: str) -> None:
        """Let go of all steps of a round; raises `DatabaseAway`."""
        with _away():
            await super().adelete_thread(thread_id)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The latest step, or the one named; raises `DatabaseAway`."""
        with _away():
            return await super().aget_tuple(config)


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise (refusal(error) or DatabaseAway) from error
