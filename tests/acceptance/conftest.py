"""Homes for the tests that run commands."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.acceptance.homes import Home, copied, drafted_home, loaded_home
from tests.postgres import PostgreSQL
from tests.stores import Store


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of this test's own, with the invented patients loaded."""
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home")


@pytest.fixture
def drafted(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """A home of this test's own with a round that waits for its review, and the id of its item."""
    template, item = drafted_home(tmp_path_factory.getbasetemp())
    return copied(template, tmp_path / "home"), item


@pytest.fixture
def drafted_on_both(
    which_store: Store, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Home, str]]:
    """The same, once with its state in SQLite and once in PostgreSQL."""
    base = tmp_path_factory.getbasetemp()
    if which_store == "sqlite":
        template, item = drafted_home(base)
        yield copied(template, tmp_path / "home"), item
        return
    server: PostgreSQL = request.getfixturevalue("postgres")
    name, item = _drafted_there(base, server)
    url = server.new(name)
    yield copied(loaded_home(base), tmp_path / "home", PREROUND_DATABASE_URL=url), item
    server.drop(url)


@cache
def _drafted_there(base: Path, server: PostgreSQL) -> tuple[str, str]:
    """A database to copy that holds a waiting round, and the id of its item."""
    url = server.new("ready", name="drafted")
    home = copied(loaded_home(base), base / "drafted-there", PREROUND_DATABASE_URL=url)
    return "drafted", home.draft()["review_item"]
