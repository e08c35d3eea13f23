"""The sandbox's SQLite file: opening it, reading from a snapshot, writing under the write lock."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry

from preround.sandbox.tables import SCHEMA_VERSION, metadata

BUSY_SECONDS = 30
"""How long a connection waits for another process's write."""

_IDLE, _BURST = 8, 40  # connections kept, and made beyond those for a while: one for each thread of a busy server


class SchemaError(Exception):
    """The file was written by a newer version of the sandbox: load the data into a new file."""


class Database:
    """One SQLite file in WAL mode that several processes may have open."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it and its tables where they are missing.

        Args:
            path: the file.

        Raises:
            SchemaError: when the file holds tables of another version.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)), hide_parameters=True, pool_size=_IDLE, max_overflow=_BURST
        )
        self._writer = threading.Lock()  # threads queue here rather than poll SQLite's lock
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        with FileLock(f"{path}.lock"):
            _prepare(self._engine)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the file throughout."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection that holds the write lock; commits at the end, rolls everything back on an exception."""
        with self._writer, self._engine.connect() as connection:
            connection = connection.execution_options(begin="BEGIN IMMEDIATE")
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()


def _configure(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _prepare(engine: Engine) -> None:
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        if cursor.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()
    finally:
        raw.close()
    with engine.connect() as connection:
        connection = connection.execution_options(begin="BEGIN IMMEDIATE")
        with connection.begin():
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if found < SCHEMA_VERSION:  # what is missing is made; no table of an earlier version has changed
                metadata.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif found != SCHEMA_VERSION:
                raise SchemaError("The sandbox file is of a newer version: load the data into a new file.")
