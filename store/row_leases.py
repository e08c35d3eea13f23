"""Leases as rows, for workers on several machines: a time that runs out, and a number that fences the late off.

A holder says every few seconds that it is there. One that was paused or cut off loses the lease when its time is over;
the next holder has a larger number, and whatever the late one still wants to write fails on that number. Times are the
database's own, so that no machine's clock matters.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import Float, cast, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import ColumnElement

from store.database import Database, DatabaseAway
from store.leases import Lease, LeaseHeld, LeaseLost
from store.tables import leases

SECONDS = 6.0
"""How long a lease lasts that nobody renews: a killed worker's rounds are free after so long."""

_BEATS = 4  # renewals in that time


class RowLeases:
    """Leases in a table of the database.

    Args:
        db: the database that all workers share.
        seconds: how long a lease lasts that is not renewed.
    """

    def __init__(self, db: Database, *, seconds: float = SECONDS) -> None:
        self._db = db
        self._seconds = seconds

    @contextmanager
    def acquire(self, run_id: str) -> Iterator[Lease]:
        """Hold the run while the block lasts; entering raises `LeaseHeld` at once when another holds it."""
        holder = uuid4().hex
        fence = self._take(run_id, holder)
        if fence is None:
            raise LeaseHeld
        lease = _RowLease(self._db, run_id, holder, fence, self._seconds)
        beating = threading.Thread(target=lease.beat, name=f"lease {fence}", daemon=True)
        beating.start()
        try:
            yield lease
        finally:
            lease.stop()
            beating.join()
            lease.release()

    def _take(self, run_id: str, holder: str) -> int | None:
        with self._db.single() as connection:
            now = _now(connection)
            until = now + self._seconds
            insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(leases)
            taken = insert.values(name=run_id, holder=holder, fence=1, expires=until).on_conflict_do_update(
                index_elements=[leases.c.name],
                set_={"holder": holder, "fence": leases.c.fence + 1, "expires": until},
                where=leases.c.expires <= now,
            )
            fence: int | None = connection.execute(taken.returning(leases.c.fence)).scalar()
            return fence


class _RowLease:
    """One row, held by this process."""

    def __init__(self, db: Database, run_id: str, holder: str, fence: int, seconds: float) -> None:
        self._db = db
        self._mine = (leases.c.name == run_id) & (leases.c.holder == holder) & (leases.c.fence == fence)
        self._seconds = seconds
        self._ended = threading.Event()
        self.fence = fence
        """Grows with each holder of the run."""
        self.lost = False
        """Whether another was seen to hold the run."""

    def check(self, connection: Connection) -> None:
        """Lock the row as it stands: nobody takes the lease over before this transaction ends."""
        if connection.execute(select(leases.c.fence).where(self._mine).with_for_update()).first() is None:
            self.lost = True
            raise LeaseLost

    def beat(self) -> None:
        """Renew until told to stop, or until the lease is lost."""
        while not self._ended.wait(self._seconds / _BEATS):
            try:
                if not self._set(lambda connection: _now(connection) + self._seconds):
                    self.lost = True
                    return
            except DatabaseAway:
                continue  # it comes back, or every write fails as well

    def stop(self) -> None:
        """End the renewing."""
        self._ended.set()

    def release(self) -> None:
        """Let the next one have it at once; a database that is away gives it back when the time is over."""
        try:
            self._set(lambda _: literal(0.0))
        except DatabaseAway:
            return

    def _set(self, expires: Callable[[Connection], ColumnElement[float]]) -> bool:
        with self._db.single() as connection:
            done = connection.execute(update(leases).where(self._mine).values(expires=expires(connection)))
            return done.rowcount == 1


def held(connection: Connection) -> frozenset[str]:
    """The runs that somebody holds now."""
    return frozenset(connection.execute(select(leases.c.name).where(leases.c.expires > _now(connection))).scalars())


def _now(connection: Connection) -> ColumnElement[float]:
    """The database's time, in seconds."""
    if connection.dialect.name == "sqlite":
        return (func.julianday("now") - 2440587.5) * 86400.0
    return cast(func.extract("epoch", func.clock_timestamp()), Float(53))
