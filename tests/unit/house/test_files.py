"""Habits that hold for every file: no address of a machine or a registry, no mocks, one noun a module."""

import ast
import re
from pathlib import Path

import pytest

from tests.unit.house.files import ROOT, modules, program, text_of, tracked

LONGEST = 250
"""Lines. A module that grows past this wants a second noun."""
LONGEST_OF_TESTS = 350
"""Lines of a module of tests."""
# Written so that this file does not hold what it looks for.
MACHINE = re.compile(r"(?<![\w.$}])/(?:" + "|".join(["work", "root", "home", "Users", "opt", "mnt"]) + r")/[\w.-]+")
REGISTRY = re.compile("|".join(["files.python" + "hosted", "registry" + r"\.npmjs", r"(?<!\w)pypi\." + r"org/simple"]))
MOCKS = re.compile(r"\b(?:unittest" + r"\.mock|Magic" + r"Mock|mocker" + r"\.)|from unittest import " + "mock")


def offences(pattern: re.Pattern[str], paths: tuple[Path, ...]) -> list[str]:
    """`file:line: what` of every match."""
    return [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for path in paths
        if (text := text_of(path)) is not None
        for match in pattern.finditer(text)
    ]


def test_no_file_names_a_path_of_a_machine() -> None:
    assert offences(MACHINE, tracked()) == []


def test_no_file_names_the_host_of_a_package_registry() -> None:
    assert offences(REGISTRY, tracked()) == []


def test_no_test_patches_what_it_should_run() -> None:
    assert offences(MOCKS, modules()) == []


def test_no_lock_file_that_records_download_addresses() -> None:
    assert [p for p in tracked() if p.name in {"uv.lock", "pylock.toml", "poetry.lock", "yarn.lock"}] == []


@pytest.mark.parametrize("suffix", [".sqlite", ".db", ".dcm", ".gz", ".safetensors"])
def test_no_state_and_no_borrowed_data_is_committed(suffix: str) -> None:
    assert [p for p in tracked() if p.suffix == suffix] == []


def test_modules_stay_short() -> None:
    long = {str(p): n for p in program() if (n := len((ROOT / p).read_text().splitlines())) > LONGEST}
    assert long == {}


def test_tests_stay_short() -> None:
    long = {
        str(p): n
        for p in modules()
        if p.parts[0] == "tests" and (n := len((ROOT / p).read_text().splitlines())) > LONGEST_OF_TESTS
    }
    assert long == {}


def test_every_module_says_what_it_is() -> None:
    silent = [str(p) for p in program() if not ast.get_docstring(ast.parse((ROOT / p).read_text()))]
    assert silent == []


def test_package_files_hold_no_code_but_what_names_the_package() -> None:
    """`__init__` files re-export nothing, so that a protected module has one name."""
    for path in (p for p in modules() if p.name == "__init__.py"):
        tree = ast.parse((ROOT / path).read_text())
        ours = {p.parts[0] for p in modules()}
        imported = [
            node.module.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module is not None
        ]
        assert not ours & set(imported), f"{path} re-exports"
