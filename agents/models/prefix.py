"""Calls that begin alike: the first goes alone until the server has read it; the others then find it in its cache."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

WORTH_WAITING = 0.6
"""Share of a prompt that must be the same for it to wait."""


class Prefixes:
    """Who is being read now."""

    def __init__(self) -> None:
        self._reading: dict[int, tuple[str, asyncio.Event, asyncio.AbstractEventLoop]] = {}
        self._count = 0

    @asynccontextmanager
    async def enter(self, prompt: str) -> AsyncIterator[Callable[[], None]]:
        """Wait for a prompt that is being read and begins alike; gives what to call when this one has been read."""
        loop = asyncio.get_running_loop()
        while (other := self._alike(prompt, loop)) is not None:
            await other.wait()
        self._count += 1
        number, read = self._count, asyncio.Event()
        self._reading[number] = (prompt, read, loop)

        def done() -> None:
            self._reading.pop(number, None)
            read.set()

        try:
            yield done
        finally:
            done()

    def _alike(self, prompt: str, loop: asyncio.AbstractEventLoop) -> asyncio.Event | None:
        for other, read, its_loop in self._reading.values():
            if its_loop is loop and shared(prompt, other) >= WORTH_WAITING * len(prompt) > 0:
                return read
        return None


def shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
