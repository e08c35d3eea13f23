"""The ledger of a round: what it cost, segment by segment when more than one process drove it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from graphs.clock import Clock
from tools.tally import Tally, counting

_SUMS = (
    "llm_calls",
    "prompt_tokens",
    "completion_tokens",
    "cached_prompt_tokens",
    "fhir_requests",
    "fhir_bytes",
)


@dataclass(eq=False, slots=True)
class Share:
    """One round's part of the CPU of its process."""

    seconds: float = 0.0
    """So far."""


class CpuShares:
    """The CPU of a process, divided evenly among the rounds that it drives at the moment.

    A round alone has all of it. Side by side nobody can tell whose work it was, but no second is counted twice.

    Args:
        clock: tells what this process and its children have used.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = clock.cpu_seconds()
        self._under_way: set[Share] = set()

    @contextmanager
    def share(self) -> Iterator[Share]:
        """The part of one more round, growing while the block lasts."""
        self.divide()
        share = Share()
        self._under_way.add(share)
        try:
            yield share
        finally:
            self.divide()
            self._under_way.discard(share)

    def divide(self) -> None:
        """Give what was used since the last time to those who were under way."""
        now = self._clock.cpu_seconds()
        for share in self._under_way:
            share.seconds += (now - self._at) / len(self._under_way)
        self._at = now


class Meter:
    """Counts what one round costs while it is driven here, whatever else this process does.

    Args:
        clock: tells seconds.
        shares: the CPU of this process.
    """

    def __init__(self, clock: Clock, shares: CpuShares) -> None:
        self._clock = clock
        self._shares = shares
        self._share = Share()
        self._tally = Tally()
        self._seconds: dict[str, float] = {}
        self._started: dict[str, float] = {}

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count what the block spends, and the tasks that it starts."""
        with self._shares.share() as self._share, counting(self._tally):
            yield

    def node(self, name: str, state: str) -> None:
        """Told when a node starts and ends."""
        if state == "started":
            self._started[name] = self._clock.monotonic()
        elif name in self._started:
            spent = self._clock.monotonic() - self._started.pop(name)
            self._seconds[name] = self._seconds.get(name, 0.0) + spent

    def ledger(self, before: dict[str, Any] | None) -> dict[str, Any]:
        """The ledger with this segment added to the ones before."""
        old, now = before or {}, self._tally
        seconds = dict(old.get("seconds", {}))
        for name, value in self._seconds.items():
            seconds[name] = round(seconds.get(name, 0.0) + value, 4)
        self._shares.divide()
        return {
            **{name: old.get(name, 0) + getattr(now, name) for name in _SUMS},
            "largest_prompt_tokens": max(old.get("largest_prompt_tokens", 0), now.largest_prompt_tokens),
            "cpu_seconds": round(old.get("cpu_seconds", 0.0) + self._share.seconds, 3),
            "seconds": seconds,
            "prompts": sorted({*old.get("prompts", ()), *now.prompts}),
        }
