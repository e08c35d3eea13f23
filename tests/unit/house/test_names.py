"""One version, our own import names, and every room in every list that must hold it."""

import re

from preround import VERSION
from preround.commands.doctor import ROOMS, names_taken
from tests.unit.house.files import ROOT, modules, pyproject


def rooms() -> set[str]:
    """The packages at the top of the project."""
    return {p.parts[0] for p in modules() if len(p.parts) == 2 and p.name == "__init__.py"} - {"tests"}


def test_the_version_is_said_once_in_effect() -> None:
    assert pyproject()["project"]["version"] == VERSION
    assert re.search(rf"^## {re.escape(VERSION)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_no_other_distribution_installs_one_of_our_names() -> None:
    check = names_taken()
    assert check.ok, check.detail


def test_every_room_is_packaged_checked_and_watched() -> None:
    tools = pyproject()["tool"]
    assert rooms() == set(ROOMS)
    assert rooms() == set(tools["uv"]["build-backend"]["module-name"])
    assert rooms() == set(tools["importlinter"]["root_packages"])
    assert rooms() <= set(tools["mypy"]["packages"])
    assert rooms() - {"evals", "benchmarks"} <= set(tools["coverage"]["run"]["source"])
