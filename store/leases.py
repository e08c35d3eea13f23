"""Leases: who may advance a run now."""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout
from sqlalchemy.engine import Connection


class LeaseHeld(Exception):
    """Another process is working on this round: wait for it, or look again in a few seconds."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class LeaseLost(Exception):
    """Another worker took this round over while this one was away: nothing is lost, look again in a few seconds."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class Lease(Protocol):
    """One run, held."""

    @property
    def fence(self) -> int:
        """A number that grows with each holder of the run; 0 where a lease cannot be taken away."""
        ...

    @property
    def lost(self) -> bool:
        """Whether it is known that another holds the run by now."""
        ...

    def check(self, connection: Connection) -> None:
        """Make sure, until the transaction's end, that nobody else holds the run; raises `LeaseLost` otherwise."""
        ...


class Leases(Protocol):
    """What the runner needs: at most one holder of a run at a time, and a dead holder holds nothing for long."""

    def acquire(self, run_id: str) -> AbstractContextManager[Lease]:
        """Hold the run while the block lasts; entering raises `LeaseHeld` at once when another holds it."""
        ...


class FileLeases:
    """Leases on one machine: an operating-system lock on a file a run, which even kill −9 gives back.

    Args:
        folder: where the lock files lie; made when missing. It must be on a local disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def acquire(self, run_id: str) -> Iterator[Lease]:
        """Hold the run while the block lasts; entering raises `LeaseHeld` at once when another holds it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # A hash, because a run id that came from outside must not name a path.
        lock = FileLock(self._folder / f"{hashlib.sha256(run_id.encode()).hexdigest()[:32]}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise LeaseHeld from None
        try:
            yield _Kept()
        finally:
            lock.release()


class _Kept:
    """A lease that only its holder's end takes away."""

    fence = 0
    lost = False

    def check(self, connection: Connection) -> None:
        """Nothing to make sure of: the operating system keeps the lock as long as its holder lives."""
