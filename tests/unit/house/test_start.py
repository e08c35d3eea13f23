"""`preround --help` starts fast: it opens no command, and so none of what commands need."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from typer.main import get_command

from preround.cli import COMMANDS, app
from preround.command_help import help_of
from tests.unit.house.files import ROOT

HEAVY = [
    "fastapi",
    "httpx",
    "jinja2",
    "langchain_core",
    "langgraph",
    "langsmith",
    "pydantic",
    "sqlalchemy",
    "starlette",
]
LIGHT = {"preround", "preround.cli", "preround.command_help"}
"""What of Preround may be imported to say which commands there are."""
LOOK = """
import json, sys
from preround.cli import app
try:
    app({arguments!r})
except SystemExit:
    pass
print("\\n" + json.dumps(sorted(sys.modules)))
"""


def imported(*arguments: str) -> set[str]:
    """The modules that a process has after this command line."""
    code = LOOK.format(arguments=list(arguments))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_list_of_commands_needs_none_of_them() -> None:
    found = imported("--help")
    assert sorted(found & set(HEAVY)) == []
    assert {one for one in found if one.partition(".")[0] == "preround"} == LIGHT


def test_what_is_looked_for_is_found_where_a_command_opens() -> None:
    assert "pydantic" in imported("queue", "--help")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_there_what_it_says_of_itself(name: str) -> None:
    group: Any = get_command(app)
    assert " ".join(help_of(COMMANDS[name]).split()) == " ".join(str(group.get_command(None, name).help).split())
