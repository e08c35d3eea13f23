"""One database: its engine, its transactions, and the migrations that bring it to today's tables."""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

from sqlalchemy import Table, create_engine, event, inspect, literal, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from store.migrations import HEAD

BUSY_SECONDS = 30.0
"""How long a writer waits for another before it gives up."""

Transaction: TypeAlias = Connection
"""What a block of `read` or `write` holds, by the name that rooms above use."""

_WRITE_LOCK = 7_236_001
"""The PostgreSQL advisory lock under which one transaction writes at a time, as on SQLite; any fixed number does."""

_IDLE_SECONDS = 15
"""After so long without a word inside a transaction PostgreSQL ends it: a paused process must not stop the others."""


class DatabaseTooNew(Exception):
    """This database was made by a newer Preround: install that version, or point PREROUND_HOME at another folder."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class DatabaseUnusable(ValueError):
    """This is no address of a PostgreSQL database: set PREROUND_DATABASE_URL to postgresql://user@host/database."""

    def __init__(self, why: str | None = None) -> None:
        super().__init__(why or str(self.__doc__))


class DatabaseAway(Exception):
    """The database does not answer: check that it runs and PREROUND_DATABASE_URL; nothing is lost, then try again."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class Database:
    """A database that threads and processes share: SQLite in a file, or PostgreSQL.

    Args:
        url: `postgresql://user@host/name`, or `sqlite:////folder/preround.db`. A SQLite file's folder must exist; an
            in-memory database is not supported, because every connection would see another one.

    Raises:
        DatabaseUnusable: when it is the address of neither.
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(_address(url))
        self._sqlite = self._engine.dialect.name == "sqlite"
        self._check: Callable[[Connection], None] | None = None

    @property
    def shared(self) -> bool:
        """Whether several machines may use it: PostgreSQL, not a file."""
        return not self._sqlite

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the database and changes nothing that lasts.

        Raises:
            DatabaseAway: when the connection cannot be made, or is lost.
        """
        with _away(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is kept when the block ends and undone when it raises.

        One writes at a time, and waits up to `BUSY_SECONDS` for its turn: what it reads stays true until its end. Do
        not open a second one inside it.

        Raises:
            DatabaseAway: when the connection cannot be made, or is lost.
        """
        with self.single() as connection:
            if not self._sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITE_LOCK})
            if self._check is not None:
                self._check(connection)
            yield connection

    @contextmanager
    def single(self) -> Iterator[Connection]:
        """A transaction that on PostgreSQL waits for no other writer: for one statement that stands on its own.

        Raises:
            DatabaseAway: when the connection cannot be made, or is lost.
        """
        with _away(), self._engine.connect() as plain:
            connection = plain.execution_options(preround_write=True)
            with connection.begin():
                yield connection

    def guarded(self, check: Callable[[Connection], None]) -> Self:
        """The same database, whose every `write` begins with a check that may raise.

        Args:
            check: given the connection of the transaction that it guards.
        """
        same = copy.copy(self)
        same._check = check
        return same

    def migrate(self) -> None:
        """Bring the tables to today's form; costs one small query when they are.

        Raises:
            DatabaseTooNew: when the database holds a revision that this version does not know.
        """
        with self.read() as connection:
            if revision(connection) == HEAD:
                return
        from store.migrations import chain  # alembic takes a tenth of a second to import and is seldom needed

        with self.write() as connection:
            if revision(connection) == HEAD:  # another process was quicker
                return
            if not chain.knows(revision(connection)):
                raise DatabaseTooNew
            chain.upgrade(connection)

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()


def database_at(path: Path) -> Database:
    """The SQLite database in the file `path`, whose folder is made when it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return Database(f"sqlite:///{path.absolute()}")


def revision(connection: Connection) -> str | None:
    """The migration revision that the database stands at; None when it was never migrated."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def insert_if_absent(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert one row unless a row with its primary key or another unique key stands there already.

    Returns:
        Whether the row was inserted.
    """
    # RETURNING, because PostgreSQL's driver does not count the rows of an insert.
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table).values(values)
    return connection.execute(insert.on_conflict_do_nothing().returning(literal(1))).first() is not None


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


def _engine(url: URL) -> Engine:
    # No statement that fails shows its values: they are about patients.
    if url.drivername == "sqlite":
        engine = create_engine(url, hide_parameters=True)
        _prepare_sqlite(engine)
        return engine
    settings = {
        "lock_timeout": f"{BUSY_SECONDS:.0f}s",
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


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        # Of PostgreSQL's own refusals one carries a SQLSTATE; without one the connection was never made, or is lost.
        state = getattr(error.orig, "sqlstate", "sqlite")
        if error.connection_invalidated or state is None or str(state)[:2] in {"08", "57"}:
            raise DatabaseAway from error
        raise


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
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode: Literal["BEGIN IMMEDIATE", "BEGIN"] = (
            "BEGIN IMMEDIATE" if connection.get_execution_options().get("preround_write") else "BEGIN"
        )
        connection.exec_driver_sql(mode)
