"""Where a program failed, without the words of the failure: those may quote a chart, a place in the code does not."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

_DEEPEST = 8
"""So many failures behind one another are told."""


def places(error: BaseException) -> list[str]:
    """The stack of a failure from the outside in: `file:line function`."""
    return [
        f"{os.path.basename(os.path.dirname(f.filename))}/{os.path.basename(f.filename)}:{f.lineno} {f.name}"
        for f in traceback.extract_tb(error.__traceback__)
    ]


def told(error: BaseException) -> str:
    """A traceback as Python prints it, with the class of each failure in place of its words."""
    parts: list[str] = []
    for one in _chain(error):
        stack = "".join(traceback.format_list(traceback.extract_tb(one.__traceback__)))
        parts.insert(0, f"Traceback (most recent call last):\n{stack}{type(one).__qualname__}: (words withheld)\n")
    return "\nThe failure above led to this one:\n\n".join(parts)


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    for _ in range(_DEEPEST):
        if current is None:
            return
        yield current
        inner = current.exceptions[0] if isinstance(current, BaseExceptionGroup) else None
        current = inner or current.__cause__ or (None if current.__suppress_context__ else current.__context__)


@contextmanager
def withheld() -> Iterator[None]:
    """While the block lasts, what fails in a thread or while something is cleaned up is told without its words."""
    threads, unraisable = threading.excepthook, sys.unraisablehook

    def of_thread(given: threading.ExceptHookArgs) -> None:
        _tell(given.exc_type, given.exc_value, given.exc_traceback)

    def of_cleaning(given: sys.UnraisableHookArgs) -> None:
        _tell(given.exc_type, given.exc_value, given.exc_traceback)

    threading.excepthook, sys.unraisablehook = of_thread, of_cleaning
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = threads, unraisable


def _tell(kind: type[BaseException], value: BaseException | None, trace: TracebackType | None) -> None:
    sys.stderr.write(told(value.with_traceback(trace)) if value is not None else f"{kind.__qualname__}\n")
