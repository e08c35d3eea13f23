"""Python's collector of cycles, paused while a large tree is made that can have none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """No collection of cycles meanwhile; reading a chart makes many objects, all of which stay and none in a cycle.

    Each would be looked at several times while the rest are made. It is looked at once, later. Whoever paused it first
    lets it go on.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
