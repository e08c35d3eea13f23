"""`preround load`, killed in the middle and called again: everything is there once, and nothing was sent twice."""

import contextlib
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from preround.doing.load import read_sources
from tests.acceptance.homes import SYNTHEA, Home, finish, needs_synthea

SECONDS = 60


def held(home: Home, columns: str = "type, id") -> list[Any]:
    """What the sandbox's file says, past its code; nothing while there is no file yet."""
    try:
        file = f"file:{home.path / 'sandbox.sqlite'}?mode=ro"
        with contextlib.closing(sqlite3.connect(file, uri=True)) as sandbox:
            return sandbox.execute(f"SELECT {columns} FROM version WHERE type != 'AuditEvent'").fetchall()  # noqa: S608
    except sqlite3.Error:
        return []


@pytest.fixture
def home(tmp_path: Path) -> Home:
    path = tmp_path / "home"
    path.mkdir()
    return Home(path=path, more={})


@needs_synthea
def test_a_killed_load_goes_on_where_it_was(home: Home) -> None:
    files = sorted(SYNTHEA.glob("*.json.gz"))[:6]
    meant = {(e.resource["resourceType"], e.resource["id"]) for s in read_sources(files) for e in s.entries}
    process = home.start("load", *files)
    until = time.monotonic() + SECONDS
    while not held(home):
        assert time.monotonic() < until, "nothing was loaded"
        assert process.poll() is None, finish(process)
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    finish(process)
    half = set(held(home))
    assert 0 < len(half) < len(meant), "the kill came too late or too early to mean anything"
    said = home.json("load", *files)
    assert said["unchanged"] == len(half)
    assert sum(said["loaded"].values()) == len(meant)
    rows = held(home)
    assert (len(rows), set(rows)) == (len(meant), meant)  # one version each


def test_a_broken_bundle_is_named_with_exit_code_2(home: Home, tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text('{"resourceType": "Patient", "id": "a"}')
    (tmp_path / "half.json").write_text('{"resourceType": "Bundle", "type": "transaction", "entry": [{"resou')
    said = home.refused("load", tmp_path / "good.json", tmp_path / "half.json", expect=2)
    assert said == "Error: half.json: it is not complete JSON: correct it or get the file again; nothing was loaded."
    assert held(home) == []
