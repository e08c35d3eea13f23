"""Each control of the risk table and of the threat model is held by tests that exist."""

from __future__ import annotations

import ast
import re

import pytest

from tests.unit.house.files import ROOT

NAMED = re.compile(r"`((?:\w+/)+test_\w+\.py)::(test_\w+)`")
DOCUMENTS = {"risks.md": "R", "threat-model.md": "T"}


def rows(document: str) -> list[list[str]]:
    """The cells of each numbered row of a document's table."""
    lines = (ROOT / "docs" / document).read_text(encoding="utf-8").splitlines()
    return [line.strip("|").split("|") for line in lines if re.match(rf"\| {DOCUMENTS[document]}\d+ \|", line)]


def names_in(path: str) -> set[str]:
    """The names of the tests in a file, those in classes too."""
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds) and node.name.startswith("test_")}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_row_names_tests_that_exist(document: str) -> None:
    missing = []
    for row in rows(document):
        named = NAMED.findall("|".join(row))
        assert named, f"{row[0]} names no test"
        missing += [f"{path}::{name}" for path, name in named if name not in names_in(path)]
    assert missing == [], f"correct {document}, or bring the test back"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_rows_are_numbered_without_gaps_and_no_cell_is_left_empty(document: str) -> None:
    found = rows(document)
    letter = DOCUMENTS[document]
    assert [row[0].strip() for row in found] == [f"{letter}{n}" for n in range(1, len(found) + 1)]
    # What is open may be nothing.
    assert [row[0] for row in found if not all(cell.strip() for cell in row[:5])] == []
