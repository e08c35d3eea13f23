"""Both stores: what is tested on one is tested on the other. Every test has these fixtures."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

import pytest

from store.database import Database, database_at
from tests.postgres import PostgreSQL, running

Store = Literal["sqlite", "postgresql"]
STORES: tuple[Store, ...] = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    """A PostgreSQL server for this session, with a database `ready` that holds today's tables."""
    with running() as server:
        database = Database(server.new(name="ready"))
        database.migrate()
        database.close()
        yield server


@pytest.fixture(params=STORES)
def which_store(request: pytest.FixtureRequest) -> Store:
    """Which store a test runs on: each of them once."""
    kind: Store = request.param
    return kind


@pytest.fixture
def empty_url(which_store: Store, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database of this test's own."""
    with _database(which_store, tmp_path, request, template="template0") as url:
        yield url


@pytest.fixture
def store_url(which_store: Store, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database of this test's own, with today's tables and no rows."""
    with ready(which_store, tmp_path, request) as url:
        yield url


@contextmanager
def ready(which: Store, folder: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a new database with today's tables and no rows, for as long as the block lasts."""
    with _database(which, folder, request, template="ready") as url:
        if which == "sqlite":
            shutil.copyfile(_migrated(), folder / "preround.db")
        yield url


@cache
def _migrated() -> Path:
    """A SQLite file with today's tables and no rows, made once; to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="preround-ready-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    database = database_at(folder / "preround.db")
    database.migrate()
    database.compact(())
    database.close()
    return folder / "preround.db"


@contextmanager
def _database(which: Store, folder: Path, request: pytest.FixtureRequest, *, template: str) -> Iterator[str]:
    if which == "sqlite":
        yield f"sqlite:///{folder / 'preround.db'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgres")
    url = server.new(template)
    yield url
    server.drop(url)
