"""Who drives rounds: this process, or workers on any number of machines. The doors know nothing else about it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from preround.dispatch.here import Here
from preround.wiring import House


class Dispatcher(Protocol):
    """Sees to it that rounds are driven."""

    async def submit(self, run_id: str, patient: str) -> None:
        """Have a round driven for which a person waits; comes back at once."""
        ...

    async def sweep(self) -> None:
        """Close what expired, and have everything driven that waits for nobody."""
        ...

    async def elsewhere(self) -> int:
        """How many other processes drive rounds now."""
        ...

    async def work(
        self, stop: asyncio.Event, *, batch_id: str | None = None, settled: Callable[[str], None] = lambda status: None
    ) -> None:
        """Drive rounds.

        Args:
            stop: ends it; what is under way stops before its next step and is kept.
            batch_id: this batch alone, until its last patient is through; without one, whatever comes, for ever.
            settled: told the status of each round that came to a stop here.
        """
        ...


@asynccontextmanager
async def dispatcher_of(house: House, *, say: Callable[[str], None] = lambda words: None) -> AsyncIterator[Dispatcher]:
    """Workers' queue where the state is in PostgreSQL, this process where it is a file.

    Args:
        house: the running program.
        say: told what a person at the command line should know, in a sentence.

    Raises:
        DatabaseAway: when the database does not answer.
    """
    url = house.settings.database_url
    if url is None or not house.services.db.shared:
        here = Here(house)
        try:
            yield here
        finally:
            await here.close()
        return
    from preround.dispatch.shared import Shared  # its driver is an extra
    from store.jobs import open_jobs

    async with open_jobs(url.get_secret_value(), reasoner=house.services.reasoner.name) as jobs:
        shared = Shared(house, jobs, say=say)
        try:
            yield shared
        finally:
            await shared.close()
