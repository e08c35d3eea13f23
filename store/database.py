"""One database: its engine, its transactions, and the migrations that bring it to today's tables."""

import copy
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeAlias

from sqlalchemy import Table, inspect, literal, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from store.engine import engine_of
from store.heads import Heads
from store.migrations import HEAD
from store.vault import OPTION, Vault

Transaction: TypeAlias = Connection
"""What a block of `read` or `write` holds, by the name that rooms above use."""

HEAD_INFO = "preround_audit_head"
"""Where a transaction leaves the head that it gave the audit chain, to be noted once it is kept."""
_WRITE_LOCK = 7_236_001
"""The PostgreSQL advisory lock under which one transaction writes at a time, as on SQLite; any fixed number does."""


class DatabaseTooNew(Exception):
    """This database was made by a newer Preround: install that version, or point PREROUND_HOME at another folder."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class DatabaseAway(Exception):
    """The database does not answer: check that it runs and PREROUND_DATABASE_URL; nothing is lost, then try again."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class DatabaseFull(DatabaseAway):
    """The database cannot write, because its disk is full or fails: make room; nothing is lost, then try again."""


class DatabaseBusy(DatabaseAway):
    """Another process holds the database and does not let go: end it if it hangs; nothing is lost, then try again."""


class Database:
    """A database that threads and processes share: SQLite in a file, or PostgreSQL.

    Args:
        url: `postgresql://user@host/name`, or `sqlite:////folder/preround.db`. A SQLite file's folder must exist; an
            in-memory database is not supported, because every connection would see another one.
        vault: the keys under which what charts say is kept; none to keep it as it is.
        heads: where each new head of the audit chain is noted.

    Raises:
        DatabaseUnusable: when it is the address of neither.
    """

    def __init__(self, url: str, *, vault: Vault | None = None, heads: Heads | None = None) -> None:
        self._engine = engine_of(url)
        self._engine.update_execution_options(**{OPTION: vault or Vault()})
        self._sqlite = self._engine.dialect.name == "sqlite"
        self._check: Callable[[Connection], None] | None = None
        self._heads = heads

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

        One writes at a time, and waits up to `store.engine.BUSY_SECONDS` for its turn: what it reads stays true until
        its end. Do not open a second one inside it.

        Raises:
            DatabaseAway: when the connection cannot be made, or is lost.
            DatabaseBusy: when its turn does not come.
        """
        with self.single() as connection:
            connection.info.pop(HEAD_INFO, None)
            if not self._sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITE_LOCK})
            if self._check is not None:
                self._check(connection)
            yield connection
            noted = connection.info.pop(HEAD_INFO, None)
        if noted is not None and self._heads is not None:
            self._heads.note(*noted)

    @property
    def heads(self) -> frozenset[tuple[int, str]]:
        """The heads of the audit chain that were noted on this machine, each with its sequence number."""
        return frozenset() if self._heads is None else self._heads.noted()

    def cut_heads(self, held: Collection[tuple[int, str]], *, sync: Callable[[int], None]) -> None:
        """Let go of old heads that a passing check of the chain was given; see `store.heads.Heads.cut`."""
        if self._heads is not None:
            self._heads.cut(held, sync=sync)

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

    def compact(self, tables: Sequence[str]) -> None:
        """Let go of what was removed: of its room, and on SQLite of the copies in the log."""
        with _away():
            if self._sqlite:
                raw = self._engine.raw_connection()
                try:
                    raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    raw.close()
                return
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for table in tables:
                    connection.execute(text(f"VACUUM {table}"))

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()


def database_at(path: Path, *, vault: Vault | None = None, heads: Heads | None = None) -> Database:
    """The SQLite database in the file `path`, whose folder is made when it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return Database(f"sqlite:///{path.absolute()}", vault=vault, heads=heads)


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


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if error.orig is not None and (kind := refusal(error.orig)) is not None:
            raise kind from error
        # Of PostgreSQL's own refusals one carries a SQLSTATE; without one the connection was never made, or is lost.
        state = getattr(error.orig, "sqlstate", "sqlite")
        if error.connection_invalidated or state is None or str(state)[:2] in {"08", "57"}:
            raise DatabaseAway from error
        raise


_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_FULL_STATES = frozenset({"53100", "58030"})
"""PostgreSQL's `disk_full` and `io_error`."""
_BUSY_STATE = "55P03"
"""PostgreSQL's `lock_not_available`."""


def refusal(error: BaseException) -> type[DatabaseAway] | None:
    """What a driver's error says of a database that can't serve now: its disk, or somebody who holds it; else None."""
    code, state = getattr(error, "sqlite_errorcode", None), getattr(error, "sqlstate", None)
    kind = None if code is None else code & 0xFF
    if kind in _FULL or state in _FULL_STATES:
        return DatabaseFull
    return DatabaseBusy if kind == sqlite3.SQLITE_BUSY or state == _BUSY_STATE else None
