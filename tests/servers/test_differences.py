"""The list of differences names tests that are there."""

from importlib import import_module
from pathlib import Path

import pytest

from tests.servers.differences import DIFFERENCES
from tests.servers.test_searches import CASES

NAMES = [name for differences in DIFFERENCES.values() for name in differences]


@pytest.mark.parametrize("name", NAMES)
def test_a_difference_is_of_a_test(name: str) -> None:
    modules = [import_module(f"tests.servers.{path.stem}") for path in Path(__file__).parent.glob("test_*.py")]
    test, _, case = name.rstrip("]").partition("[")
    assert any(hasattr(module, test) for module in modules)
    assert not case or case in CASES
