"""Fixtures of the store that fills up."""

from pathlib import Path

import pytest

from tests.acceptance.cohorts import cohort_home
from tests.acceptance.homes import Home, copied
from tests.postgres import PostgreSQL
from tests.stores import Store


@pytest.fixture
def home(
    which_store: Store, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Home:
    """Six patients of two stories, the state in either store."""
    template = cohort_home(tmp_path_factory.getbasetemp(), 6)
    if which_store == "sqlite":
        return copied(template, tmp_path / "home")
    server: PostgreSQL = request.getfixturevalue("postgres")
    return copied(template, tmp_path / "home", PREROUND_DATABASE_URL=server.new("ready"))
