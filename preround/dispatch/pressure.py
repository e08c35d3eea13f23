"""Back-pressure: whether there is room for one more round that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from agents.models.waiting import waiting_at
from preround.reasoners import endpoint_of, model_row
from preround.wiring import House

LOOK_SECONDS = 2.0
"""How old an answer of the model server may be, and how often it is asked again while there is no room."""

Queued = Callable[[], Awaitable[int | None]]
"""How many requests wait at the model server now: None where it does not say, -1 where it does not answer."""


async def unknown() -> int | None:
    """For a reasoner that asks no server."""
    return None


def model_queue(house: House) -> Queued:
    """How to ask the model server of a house."""
    if house.settings.reasoner != "vllm" or house.services.reasoner.name != "vllm":
        return unknown
    endpoint = endpoint_of(model_row(house.settings), house.settings)
    return lambda: waiting_at(endpoint)


class Pressure:
    """Lets rounds in.

    A round that a person waits for, or that stands half-way, always enters. Another enters when none of those is under
    way here and when the model server answers and has not more than so many requests waiting.

    Args:
        queued: asks the model server.
        most: so many requests may wait there.
        stop: when it is set, nobody is kept waiting.
        now: seconds that only go forward.
    """

    def __init__(
        self, *, queued: Queued = unknown, most: int = 8, stop: asyncio.Event, now: Callable[[], float]
    ) -> None:
        self._queued = queued
        self._most = most
        self._stop = stop
        self._now = now
        self._urgent: set[str] = set()
        self._asked: tuple[float, bool] = (float("-inf"), True)
        self._asking = asyncio.Lock()

    @asynccontextmanager
    async def room(self, run_id: str, *, urgent: bool) -> AsyncIterator[None]:
        """Wait for room and hold it."""
        if urgent:
            self._urgent.add(run_id)
        try:
            while not urgent and not self._stop.is_set() and (self._urgent or not await self._free()):
                try:
                    await asyncio.wait_for(self._stop.wait(), LOOK_SECONDS / 4)
                except TimeoutError:
                    continue
            yield
        finally:
            self._urgent.discard(run_id)

    async def _free(self) -> bool:
        async with self._asking:
            at, free = self._asked
            if self._now() - at > LOOK_SECONDS:
                waiting = await self._queued()
                free = waiting is None or 0 <= waiting <= self._most
                self._asked = (self._now(), free)
            return free
