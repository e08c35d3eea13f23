"""One round of the queue, driven to its next stop: begun when it is a batch's, tried again while something is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from graphs.node import RoundUnknown, run_of
from graphs.stopping import RoundPaused
from graphs.switched import check_begins
from preround.dispatch.pressure import Pressure
from preround.doing import rounds
from preround.wiring import House
from review.switches import SwitchedOff, SwitchesUnreadable
from store import batches, runs
from store.batches import Member
from store.database import DatabaseAway
from store.leases import LeaseHeld, LeaseLost
from store.runs import FINISHED, Run

HELD_SECONDS = 0.5
"""So long after another was seen to hold a round it is tried again."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds before a round is tried again that something was away for; doubled each time."""


class Driver:
    """Drives rounds until each waits for a person or has ended.

    What stops for want of a server keeps its place: while it is away nothing else could be done either, and no further
    round is begun.

    Args:
        house: the running program.
        stop: when it is set, nothing is begun any more.
        pressure: whether there is room for another round that nobody waits for.
        settled: told the status of each round that came to a stop.
    """

    def __init__(
        self,
        house: House,
        *,
        stop: asyncio.Event,
        pressure: Pressure,
        settled: Callable[[str], None] = lambda status: None,
    ) -> None:
        self._house = house
        self._stop = stop
        self._pressure = pressure
        self._settled = settled

    async def __call__(self, run_id: str) -> None:
        """Drive a round, once it may begin; comes back when it is at a stop, its batch is paused, or this process ends.

        A round of a batch whose every task is switched off is not put on record; it waits until it is switched on.
        """
        db = self._house.services.db
        wait = FIRST_WAIT
        while not self._stop.is_set():
            try:
                run, member = await asyncio.to_thread(self._begun, run_id)
                if run is None:
                    return
                async with self._pressure.room(run_id, urgent=member is None or run.status != "running"):
                    run = await self._advanced(run_id)
            except (LeaseHeld, LeaseLost):
                await self._pause(HELD_SECONDS)
                continue
            except RoundPaused:
                return
            except (SwitchedOff, SwitchesUnreadable):
                await self._pause(wait)  # nothing was begun: it waits its turn until it is switched on
                wait = min(LONGEST_WAIT, 2 * wait)
                continue
            except DatabaseAway:
                await self._pause(wait)
                return  # whoever finds the round undone puts it in again
            if run is not None and (run.status in FINISHED or run.status == "awaiting_review"):
                with suppress(DatabaseAway), db.write() as connection:
                    batches.settle(connection, run_id, now=self._house.services.clock.now())
                self._settled(run.status)
                return
            await self._pause(wait)
            wait = min(LONGEST_WAIT, 2 * wait)

    def _begun(self, run_id: str) -> tuple[Run | None, Member | None]:
        """The round, put on record if it is the next of an open batch; and whose of which batch it is."""
        services = self._house.services
        with services.db.read() as connection:
            run = runs.get(connection, run_id)
            member = batches.member_of(connection, run_id)
            batch = batches.get(connection, member.batch_id) if member else None
        if run is None and member and batch and batch.state == "open" and batch.reasoner == services.reasoner.name:
            check_begins(services, batch.tasks)
            run = self._house.runner.open(
                run_id=run_id,
                patient=member.patient,
                tasks=batch.tasks,
                as_of=batch.as_of or services.clock.now(),
                question=batch.question,
                since=batch.since,
            )
        return run, member

    async def _advanced(self, run_id: str) -> Run | None:
        try:
            run = await self._house.runner.advance(run_id)
            if run.status == "stale":
                await rounds.refresh(self._house, run)
        except (LeaseHeld, LeaseLost, RoundPaused, DatabaseAway):
            raise
        except RoundUnknown:
            return None
        except Exception:
            # It is said on the round's row; one round must not keep the others waiting.
            return run_of(self._house.services, run_id)
        return run

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
