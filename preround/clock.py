"""The real clock: the only place in the program that reads wall time."""

from __future__ import annotations

import os
import resource
import time
from datetime import UTC, datetime
from pathlib import Path


class WallClock:
    """Wall time in UTC, and CPU time of this process with its children, running ones too where the system tells."""

    def now(self) -> datetime:
        """Wall time."""
        return datetime.now(UTC)  # noqa: TID251 - this is the injected clock

    def monotonic(self) -> float:
        """Seconds that only go forward."""
        return time.monotonic()

    def cpu_seconds(self) -> float:
        """User and system seconds of this process, its ended children and, on Linux, its running ones."""
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + ended.ru_utime + ended.ru_stime + _running_children()


def _running_children() -> float:
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0.0
    for listing in Path("/proc/self/task").glob("*/children") if Path("/proc/self/task").is_dir() else ():
        try:
            children = listing.read_text().split()
        except OSError:
            continue
        for child in children:
            try:
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += (int(fields[11]) + int(fields[12])) / ticks
    return total
