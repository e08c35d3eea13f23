"""A program of the tests' own that is told to end: what it started, a server above all, must not outlive it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Never


@contextmanager
def orderly() -> Iterator[None]:
    """SIGTERM and SIGHUP leave the block as an exception does, so that all that was begun inside is ended by its owner.

    Children that are forked inside end themselves at once, as those do that were never told.
    """
    names = (signal.SIGTERM, signal.SIGHUP)
    before: dict[signal.Signals, Any] = {name: signal.signal(name, _leave) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _leave(number: int, _frame: object) -> Never:
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)  # once is enough: a second one would cut the leaving short
    raise SystemExit(128 + number)
