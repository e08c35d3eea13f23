"""How often anybody may knock: a bucket for each caller that drips full again."""

from __future__ import annotations

import math
from collections.abc import Callable

MOST = 10_000
"""Callers that are kept; who has knocked least lately is forgotten first."""


class Rates:
    """So many requests in a minute for each caller, all at once or spread out.

    Args:
        a_minute: how many; as many as they like at 0.
        seconds: a clock that only goes forward.
    """

    def __init__(self, a_minute: int, seconds: Callable[[], float]) -> None:
        self._most = float(a_minute)
        self._seconds = seconds
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, caller: str) -> int:
        """Count one request; gives 0 where it may pass, else the whole seconds to wait."""
        if not self._most:
            return 0
        now = self._seconds()
        left, then = self._left.pop(caller, (self._most, now))
        left = min(self._most, left + (now - then) * self._most / 60)
        passes = left >= 1
        # Put at the end: the first of the dictionary is who knocked longest ago.
        self._left[caller] = (left - 1 if passes else left, now)
        if len(self._left) > MOST:
            del self._left[next(iter(self._left))]
        return 0 if passes else math.ceil((1 - left) * 60 / self._most)
