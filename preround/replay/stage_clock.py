"""A clock that stands until somebody moves it, so that the same scenario gives the same bytes."""

from __future__ import annotations

from datetime import datetime, timedelta

from preround.failure import Unusable


class StageClock:
    """The time of a scenario; what counts seconds counts none.

    Args:
        starts: when the scenario begins, aware.
    """

    def __init__(self, starts: datetime) -> None:
        self._now = starts

    def now(self) -> datetime:
        """The time on stage."""
        return self._now

    def monotonic(self) -> float:
        """No time passes within a step."""
        return 0.0

    def cpu_seconds(self) -> float:
        """What a machine needs is no part of a scenario."""
        return 0.0

    def move(self, to: datetime) -> None:
        """Go forward.

        Raises:
            Unusable: that would be back.
        """
        if to < self._now:
            raise Unusable(f"A step at {to.isoformat()} comes after one at {self._now.isoformat()}; put them in order")
        self._now = to

    def later(self, span: timedelta) -> None:
        """Let time pass."""
        self._now += span
