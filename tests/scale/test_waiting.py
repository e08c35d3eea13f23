"""A thousand rounds that wait for their review take no memory of the process that looks after them."""

from __future__ import annotations

import gc
import tracemalloc

from preround.doing import rounds
from preround.shown.instant import instant
from preround.wiring import House, open_house
from review.worklist import lines, waiting
from store.worklist import Wanted
from tests.acceptance.homes import AS_OF, Home
from tests.scale.filled import fill
from tests.scale.test_flat import state_of

MORE_BYTES = 40_000
"""For nine hundred rounds more: an object of Python's own for each would already take as much."""


async def look(house: House) -> None:
    """What `serve` and `worker` do again and again while nobody decides."""
    await house.runner.sweep()
    assert len(lines(house.services.db, Wanted()).lines) == min(50, waiting(house.services.db)[0])


def grow(home: Home, times: int) -> None:
    state = state_of(home.settings)
    with state.write() as connection:
        fill(connection, times)
    state.close()


async def memory_of_looking(house: House) -> tuple[int, int]:
    """Bytes that stay, and that are taken at most, when it looks at a queue that has grown since."""
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(2):
            await look(house)
        _, most = tracemalloc.get_traced_memory()
        gc.collect()
        stay, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return stay, most


async def test_rounds_that_wait_take_no_memory(home: Home) -> None:
    patient = next(name for name in sorted(home.stored()) if name.startswith("Patient/"))
    async with open_house(home.settings) as house:
        run = await rounds.start(house, patient=patient, tasks=("summary",), as_of=instant(AS_OF))
        assert run.status == "awaiting_review"
        await look(house)
        grow(home, 99)
        stays_of_hundred, most_of_hundred = await memory_of_looking(house)
        grow(home, 9)
        stays, most = await memory_of_looking(house)
        assert waiting(house.services.db)[0] == 1000
    assert stays < stays_of_hundred + MORE_BYTES
    assert most < most_of_hundred + MORE_BYTES
