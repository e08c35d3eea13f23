"""Rounds driven in this process: all that one machine needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from preround.dispatch.driving import Driver
from preround.dispatch.pressure import Pressure, model_queue
from preround.doing import rounds
from preround.failure import EXPECTED
from preround.wiring import House
from store import batches
from store.batches import Member


class Here:
    """Drives rounds side by side, as tasks of this process.

    Args:
        house: the running program.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._driving: set[asyncio.Task[None]] = set()

    async def submit(self, run_id: str, patient: str) -> None:
        """Have a round driven for which a person waits; comes back at once."""
        task = asyncio.create_task(self._drive(run_id))
        self._driving.add(task)
        task.add_done_callback(self._driving.discard)

    async def _drive(self, run_id: str) -> None:
        with suppress(*EXPECTED):  # the round's row says how it ended; what waits is swept
            await self._house.runner.advance(run_id)

    async def close(self) -> None:
        """End what is under way; it goes on when somebody sweeps."""
        for task in self._driving:
            task.cancel()
        await asyncio.gather(*self._driving, return_exceptions=True)

    async def sweep(self) -> None:
        """Close what expired and drive what waits for nobody, one after the other."""
        for run in await self._house.runner.sweep():
            if run.status == "stale":
                await rounds.refresh(self._house, run)

    async def elsewhere(self) -> int:
        """Nobody: other processes on this machine keep out of each other's rounds by their leases."""
        return 0

    async def work(
        self, stop: asyncio.Event, *, batch_id: str | None = None, settled: Callable[[str], None] = lambda status: None
    ) -> None:
        """Drive batches, so many rounds at once, until there is no patient left whose round can be begun."""
        house = self._house
        pressure = Pressure(
            queued=model_queue(house), most=house.settings.model_waiting, stop=stop, now=house.services.clock.monotonic
        )
        driver = Driver(house, stop=stop, pressure=pressure, settled=settled)
        running: dict[asyncio.Task[None], str] = {}
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                room = house.settings.worker_rounds - len(running)
                for member in self._next(batch_id, frozenset(running.values()), room):
                    running[asyncio.create_task(driver(member.run_id))] = member.run_id
                if not running:
                    return
                done, _ = await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
                for task in done - {stopping}:
                    del running[task]  # type: ignore[arg-type]
        finally:
            stopping.cancel()
            await _ended(running, house.settings.drain_seconds)

    def _next(self, batch_id: str | None, skip: frozenset[str], room: int) -> tuple[Member, ...]:
        services = self._house.services
        if room < 1:
            return ()
        with services.db.read() as connection:
            return batches.unsettled(
                connection, reasoner=services.reasoner.name, skip=skip, limit=room, batch_id=batch_id
            )


async def _ended(running: dict[asyncio.Task[None], str], seconds: float) -> None:
    """Give what is under way some time to stop between two steps, then cut it off; either way it is kept."""
    if running:
        _, late = await asyncio.wait(running, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
