"""Several who watch, as one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tools.observer import Event, Observer, Work


class Watchers:
    """Tells each of them; how a piece of work failed is known to all by the class of the failure.

    Args:
        each: in order; the first sees a piece of work begin first and end last.
    """

    def __init__(self, *each: Observer) -> None:
        self._each = each

    @contextmanager
    def watch(self, work: Work) -> Iterator[None]:
        """Have all of them watch."""
        with ExitStack() as stack:
            for one in self._each:
                stack.enter_context(one.watch(work))
            try:
                yield
            except BaseException as error:
                work.error = type(error).__name__
                raise

    def note(self, event: Event) -> None:
        """Tell all of them."""
        for one in self._each:
            one.note(event)
