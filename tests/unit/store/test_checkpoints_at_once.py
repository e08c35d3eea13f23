"""LangGraph's tables on PostgreSQL are made once, however many commands start at once on an empty database."""

from __future__ import annotations

import asyncio

from graphs.postgres_checkpoints import postgres_checkpoints
from tests.postgres import PostgreSQL

AT_ONCE = 6
SECONDS = 60.0


async def test_many_that_start_at_once_on_an_empty_database_do_not_wait_for_each_other(postgres: PostgreSQL) -> None:
    url = postgres.new()

    async def start() -> None:
        async with postgres_checkpoints(url):
            pass

    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*(start() for _ in range(AT_ONCE)))
