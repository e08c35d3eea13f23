"""A copy of SQLite files that belong together, all of one moment, taken while others read and write them."""

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from store.database import refusal
from store.engine import BUSY_SECONDS


class CopyUnsound(Exception):
    """The copy does not pass SQLite's own check: look at the disk, and back up to another one."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


def copy_files(state: Path, others: Sequence[Path], to: Path) -> None:
    """Copy the state's file and others into a folder, and check the copies.

    While nobody may write the state, for a moment, a reading of each file is begun; they are then copied as they were
    in that moment, however long it takes. What is done beside the state (a step, a write to a server) is kept after
    what it names is in the state, so the copies are what a kill in that moment would have left.

    Args:
        state: the state's file.
        others: further files.
        to: an existing folder.

    Raises:
        CopyUnsound: when a copy is not whole.
        DatabaseBusy: when another process writes the state all the while.
    """
    with ExitStack() as opened:
        lock = opened.enter_context(closing(_open(state)))
        try:
            lock.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if (kind := refusal(error)) is not None:
                raise kind from error
            raise
        readers = {file: opened.enter_context(closing(_open(file))) for file in (state, *others)}
        for reader in readers.values():
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()  # only now it holds on to this moment
        lock.execute("ROLLBACK")
        for file, reader in readers.items():
            with closing(sqlite3.connect(to / file.name)) as copy:
                reader.backup(copy)
                if copy.execute("PRAGMA quick_check").fetchone() != ("ok",):
                    raise CopyUnsound


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)
