"""The tables of jobs are made once, however many commands start on an empty database at the same moment."""

from __future__ import annotations

import asyncio

from store.jobs import open_jobs
from tests.postgres import PostgreSQL

AT_ONCE = 6


async def test_many_that_start_at_once_on_an_empty_database_make_its_tables_once(postgres: PostgreSQL) -> None:
    url = postgres.new()

    async def start() -> None:
        async with open_jobs(url, reasoner="offline"):
            pass

    # One that has looked in vain and waits for its turn must see what the one before it made.
    for one in await asyncio.gather(*(start() for _ in range(AT_ONCE)), return_exceptions=True):
        assert one is None, repr(one)
