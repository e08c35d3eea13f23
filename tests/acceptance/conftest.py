"""Homes for the tests that run commands."""

from pathlib import Path

import pytest

from tests.acceptance.homes import Home, copied, drafted_home, loaded_home


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of this test's own, with the invented patients loaded."""
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home")


@pytest.fixture
def drafted(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """A home of this test's own with a round that waits for its review, and the id of its item."""
    template, item = drafted_home(tmp_path_factory.getbasetemp())
    return copied(template, tmp_path / "home"), item
