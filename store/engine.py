"""How a database is reached: its address, and what each of its connections is set up with."""

from typing import Literal

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_SECONDS = 30.0
"""How long a writer waits for another before it gives up."""

_IDLE_SECONDS = 15
"""After so long without a word inside a transaction PostgreSQL ends it: a paused process must not stop the others."""


class DatabaseUnusable(ValueError):
    """This is no address of a PostgreSQL database: set PREROUND_DATABASE_URL to postgresql://user@host/database."""

    def __init__(self, why: str | None = None) -> None:
        super().__init__(why or str(self.__doc__))


def engine_of(address: str) -> Engine:
    """The engine of a database, each of whose connections is set up as we need it.

    Args:
        address: as `store.database.Database` takes it.

    Raises:
        DatabaseUnusable: when it is the address of neither.
    """
    url = _address(address)
    # No statement that fails shows its values: they are about patients.
    if url.drivername == "sqlite":
        engine = create_engine(url, hide_parameters=True)
        _prepare_sqlite(engine)
        return engine
    settings = {
        "lock_timeout": f"{int(BUSY_SECONDS * 1000)}ms",
        "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",
        "client_encoding": "utf8",
    }
    try:
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    except ModuleNotFoundError:
        raise DatabaseUnusable(
            "PostgreSQL needs its driver: pip install 'preround[postgres]', or take PREROUND_DATABASE_URL away."
        ) from None

    @event.listens_for(engine, "connect")
    def connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for name, value in settings.items():
            cursor.execute(f"SET SESSION {name} = '{value}'")
        cursor.close()
        connection.commit()

    return engine


def _address(url: str) -> URL:
    try:
        found = make_url(url)
    except ArgumentError:
        raise DatabaseUnusable from None
    if found.drivername in {"postgresql", "postgres"}:
        return found.set(drivername="postgresql+psycopg")
    if found.drivername == "sqlite":
        if found.database in (None, "", ":memory:"):
            raise DatabaseUnusable("Give the database a file: an in-memory one would be another for every connection.")
        return found
    if found.drivername != "postgresql+psycopg":
        raise DatabaseUnusable
    return found


def _prepare_sqlite(engine: Engine) -> None:
    """Set each connection up, and begin transactions ourselves.

    Python's sqlite3 begins a deferred transaction by itself, and a deferred one that turns into a writer fails at once
    with "database is locked" in spite of the busy timeout; so its own handling is switched off.
    """

    @event.listens_for(engine, "connect")
    def connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        # A signature that was confirmed must survive a power cut, which NORMAL does not promise under WAL.
        cursor.execute("PRAGMA synchronous = FULL")
        # What is removed is gone from the file, and does not lie about in free pages.
        cursor.execute("PRAGMA secure_delete = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode: Literal["BEGIN IMMEDIATE", "BEGIN"] = (
            "BEGIN IMMEDIATE" if connection.get_execution_options().get("preround_write") else "BEGIN"
        )
        connection.exec_driver_sql(mode)
