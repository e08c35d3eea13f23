"""One database: its engine, its transactions, and the migrations that bring it to today's tables."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

from sqlalchemy import Table, create_engine, event, inspect, literal, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from store.migrations import HEAD

BUSY_SECONDS = 30.0
"""How long a SQLite writer waits for another before it gives up."""

Transaction: TypeAlias = Connection
"""What a block of `read` or `write` holds, by the name that rooms above use."""

_MIGRATION_LOCK = 7_236_001
"""The PostgreSQL advisory lock that lets one process migrate at a time; any fixed number does."""


class DatabaseTooNew(Exception):
    """This database was made by a newer Preround: install that version, or point PREROUND_HOME at another folder."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class Database:
    """A database that threads and processes share; SQLite now, PostgreSQL through the same code.

    Args:
        url: a SQLAlchemy URL; `sqlite:////folder/preround.db` or `postgresql+psycopg://…`. A SQLite file's folder must
            exist; an in-memory database is not supported, because every connection would see another one.
    """

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        self._sqlite = self._engine.dialect.name == "sqlite"
        if self._sqlite:
            if self._engine.url.database in (None, "", ":memory:"):
                raise ValueError("Give the database a file: an in-memory one would be another for every connection.")
            _prepare_sqlite(self._engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the database and changes nothing that lasts."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is kept when the block ends and undone when it raises.

        On SQLite it takes the write lock at its start (`BEGIN IMMEDIATE`) and waits up to `BUSY_SECONDS` for it; do not
        open a second one inside it.
        """
        with self._engine.connect() as plain:
            connection = plain.execution_options(preround_write=True)
            with connection.begin():
                yield connection

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
            if not self._sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
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
