"""What lies in a state's store, read past the program: every value of every table."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Iterable, Iterator

import psycopg

from preround.home import STATE, STEPS
from tests.acceptance.homes import Home

_TABLES = (
    "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
    "AND table_schema NOT IN ('pg_catalog', 'information_schema')"
)


def lying(home: Home, words: Iterable[str]) -> frozenset[str]:
    """Which of these words lie somewhere in the store of a home, whoever asks."""
    sought = {word: word.encode() for word in words}
    found: set[str] = set()
    for value in _values(home):
        found |= {word for word, raw in sought.items() if raw in value}
    return frozenset(found)


def _values(home: Home) -> Iterator[bytes]:
    url = home.more.get("PREROUND_DATABASE_URL")
    if url is None:
        for name in (STATE, STEPS):
            yield from _file_values(home, name)
        return
    with psycopg.connect(url) as connection:
        for schema, table in connection.execute(_TABLES).fetchall():
            for row in connection.execute(f'SELECT * FROM "{schema}"."{table}"'):  # noqa: S608
                yield from _plain(row)


def _file_values(home: Home, name: str) -> Iterator[bytes]:
    # The files themselves too: pages that nothing refers to any more, and the log.
    for file in sorted(home.path.glob(f"{name}*")):
        yield file.read_bytes()
    with contextlib.closing(sqlite3.connect(home.path / name)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608
                yield from _plain(row)


def _plain(row: Iterable[object]) -> Iterator[bytes]:
    for value in row:
        if isinstance(value, bytes):
            yield value
            with contextlib.suppress(zlib.error):
                yield zlib.decompress(value)
        else:
            yield str(value).encode()
