"""A database on which everything is tried out and nothing lasts: each trial lies in one transaction, undone at its end.

So ten thousand trials meet the same rows, on both stores, and each can be followed by the same act without the harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from store.database import Database, Transaction

TRIGGERS = ("audit", "decisions", "asks")


class Undone(Database):
    """As any database, but that its transactions are savepoints of a trial while one is under way."""

    _trial: Transaction | None = None

    @contextmanager
    def trial(self) -> Iterator[Transaction]:
        """What happens inside is seen by everything that uses this database, and gone afterwards."""
        with self.single() as connection:
            undone = connection.begin_nested()
            self._trial = connection
            try:
                yield connection
            finally:
                self._trial = None
                undone.rollback()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """As a trial left it."""
        if self._trial is None:
            with super().read() as connection:
                yield connection
        else:
            yield self._trial

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Kept until the trial ends, or undone at once when it raises."""
        if self._trial is None:
            with super().write() as connection:
                yield connection
        else:
            with self._trial.begin_nested():
                yield self._trial


def unlocked(db: Database) -> None:
    """Take away what keeps the tables from being changed, as who owns the database can."""
    with db.write() as connection:
        for table in TRIGGERS:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_only_grows"))
            else:
                for act in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER {table}_no_{act}"))
