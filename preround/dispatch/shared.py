"""Rounds driven by workers that share a PostgreSQL; needs the extra `postgres`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress

from preround.dispatch.driving import Driver
from preround.dispatch.here import Here
from preround.dispatch.pressure import Pressure, model_queue
from preround.wiring import House
from review.gate import expire
from store import batches, row_leases, runs
from store.database import DatabaseAway, Transaction
from store.job import Job, Lane, Urgency
from store.jobs import Jobs
from store.runs import Run

AHEAD = 25
"""So many jobs a slot are kept in the queue; whoever sweeps fills it up again."""
SWEEP_SECONDS = 1.0
"""How often a worker looks for what was lost and for what comes next."""
URGENT_SLOTS = 2
"""Rounds for which a person waits have so many places of their own in each worker."""


class Shared:
    """Puts rounds into the workers' queue, and is a worker itself when it is told to work.

    Args:
        house: the running program.
        jobs: the queue.
        say: told when the database is away, and when it is back.
    """

    def __init__(self, house: House, jobs: Jobs, *, say: Callable[[str], None] = lambda words: None) -> None:
        self._house = house
        self._say = say
        self._jobs = jobs
        self._here = Here(house)

    async def submit(self, run_id: str, patient: str) -> None:
        """Have a round driven for which a person waits; by this process where no worker shows a sign of life."""
        try:
            if await self._jobs.workers():
                await self._jobs.put([Job(run_id=run_id, patient=patient, urgency="now")])
                return
        except DatabaseAway:
            pass  # the round is on record, and is swept when the database is back
        await self._here.submit(run_id, patient)

    async def close(self) -> None:
        """End what this process drives itself."""
        await self._here.close()

    async def sweep(self) -> None:
        """Close what expired; drive what waits for nobody where no worker does.

        Raises:
            DatabaseAway: when the database does not answer.
        """
        if await self._jobs.workers():
            await asyncio.to_thread(self._expire)
        else:
            await self._here.sweep()

    async def elsewhere(self) -> int:
        """How many workers show a sign of life; each has two lanes.

        Raises:
            DatabaseAway: when the database does not answer.
        """
        return (await self._jobs.workers() + 1) // 2

    async def work(
        self, stop: asyncio.Event, *, batch_id: str | None = None, settled: Callable[[str], None] = lambda status: None
    ) -> None:
        """Be a worker: for a batch until it is through, else until told to stop. Waits for a database that is away."""
        house = self._house
        ended = asyncio.Event()
        pressure = Pressure(
            queued=model_queue(house), most=house.settings.model_waiting, stop=ended, now=house.services.clock.monotonic
        )
        driver = Driver(house, stop=ended, pressure=pressure, settled=settled)
        lanes = (
            Lane(takes=("now",), slots=URGENT_SLOTS),
            Lane(takes=("now", "batch"), slots=house.settings.worker_rounds),
        )
        watching = asyncio.create_task(self._watch(ended, batch_id))
        telling = asyncio.create_task(_tell(stop, ended))
        try:
            while not ended.is_set():
                with suppress(DatabaseAway):
                    await self._jobs.work(driver, lanes, ended, grace=house.settings.drain_seconds)
                if not ended.is_set():
                    await _pause(ended, SWEEP_SECONDS)
        finally:
            ended.set()
            telling.cancel()
            await watching

    async def _watch(self, ended: asyncio.Event, batch_id: str | None) -> None:
        """Fill the queue every second until it is time to end."""
        away = False
        try:
            while not ended.is_set():
                try:
                    await self.fill()
                    if away:
                        self._say("The database answers again.")
                    away = False
                    if batch_id is not None and await asyncio.to_thread(self._through, batch_id):
                        return
                except DatabaseAway:
                    if not away:
                        self._say("The database does not answer; waiting for it, nothing is lost.")
                    away = True
                await _pause(ended, SWEEP_SECONDS)
        finally:
            ended.set()

    async def fill(self) -> int:
        """Give lost jobs to others and put in what comes next; returns how many were put in.

        Raises:
            DatabaseAway: when the database does not answer.
        """
        await asyncio.to_thread(self._expire)
        await self._jobs.rescue()
        there = await self._jobs.there()
        workers = max(1, await self.elsewhere())
        room = AHEAD * self._house.settings.worker_rounds * workers - len(there)
        return await self._jobs.put(await asyncio.to_thread(self._due, there, room))

    def _expire(self) -> None:
        services = self._house.services
        expire(services.db, now=services.clock.now(), policy=services.policy)

    def _through(self, batch_id: str) -> bool:
        with self._house.services.db.read() as connection:
            batch = batches.get(connection, batch_id)
            done, members = batches.to_settle(connection, batch_id)
        return batch is None or batch.state != "open" or done == members

    def _due(self, there: Collection[str], room: int) -> list[Job]:
        """Rounds that wait for nobody and that nobody holds, then the next patients of open batches."""
        mine = self._house.services.reasoner.name
        with self._house.services.db.read() as connection:
            busy = row_leases.held(connection) | set(there)
            lost = [
                Job(run_id=run.run_id, patient=run.patient, urgency=_urgency(connection, run))
                for run in runs.undriven(connection)
                if run.run_id not in busy and (run.status != "running" or run.reasoner in (mine, "prepared"))
            ]
            skip = busy | {job.run_id for job in lost}
            members = batches.unsettled(connection, reasoner=mine, skip=skip, limit=room) if room > 0 else ()
        return lost + [Job(run_id=m.run_id, patient=m.patient, urgency="batch") for m in members]


def _urgency(connection: Transaction, run: Run) -> Urgency:
    if run.status == "running" and batches.member_of(connection, run.run_id) is not None:
        return "batch"
    return "now"


async def _tell(stop: asyncio.Event, ended: asyncio.Event) -> None:
    await stop.wait()
    ended.set()


async def _pause(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
