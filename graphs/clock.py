"""Time as the round sees it; the only implementation that reads a real clock lives in the outermost room."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for expiry, decisions and audit; and counters for the ledger."""

    def now(self) -> datetime:
        """Wall time, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds that only go forward."""
        ...

    def cpu_seconds(self) -> float:
        """CPU seconds of this process and its children so far."""
        ...
