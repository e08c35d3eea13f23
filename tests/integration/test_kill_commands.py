"""The real commands, killed: `run` at moments seen from outside, `serve` beside a killed run, a lease that is held."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store.leases import FileLeases
from tests.acceptance.homes import AS_OF, PATIENT, SECONDS, Home, copied, drafted_home, finish, loaded_home

pytestmark = pytest.mark.kill


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home")


@pytest.fixture
def drafted(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    template, item = drafted_home(tmp_path_factory.getbasetemp())
    return copied(template, tmp_path / "home"), item


def asked(home: Home, name: str, query: str) -> list[Any]:
    """What a database of the home answers, from outside; nothing while it is not there yet."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{home.path / name}?mode=ro", uri=True)) as state:
            return state.execute(query).fetchall()
    except sqlite3.Error:
        return []


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def status_of(home: Home, run: str) -> str:
    ((status,),) = asked(home, "preround.sqlite", f"SELECT status FROM runs WHERE run_id = '{run}'")  # noqa: S608
    return str(status)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("preround.sqlite", "SELECT 1 FROM runs"),
        ("checkpoints.sqlite", "SELECT 1 FROM checkpoints LIMIT 1 OFFSET 3"),
        ("preround.sqlite", "SELECT 1 FROM items"),
    ],
    ids=["on record", "gathering", "proposed"],
)
def test_a_killed_run_is_resumed(home: Home, name: str, query: str) -> None:
    running = home.start("run", PATIENT, "--as-of", AS_OF)
    until(lambda: asked(home, name, query) or running.poll() is not None)
    running.send_signal(signal.SIGKILL)
    finish(running)
    ((run,),) = asked(home, "preround.sqlite", "SELECT run_id FROM runs")
    home.json("resume")
    assert home.json("resume", run)[0]["status"] == "awaiting_review"
    (row,) = home.json("queue")
    assert row["status"] == "open"
    assert home.json("decide", row["item"], "--approve", "--as", "Ada Nowak")["run_status"] == "written"


def test_a_killed_run_can_be_cancelled(home: Home) -> None:
    running = home.start("run", PATIENT, "--as-of", AS_OF)
    until(lambda: asked(home, "preround.sqlite", "SELECT 1 FROM runs"))
    running.send_signal(signal.SIGKILL)
    finish(running)
    ((run,),) = asked(home, "preround.sqlite", "SELECT run_id FROM runs")
    assert home.json("cancel", run, "--as", "Ada Nowak")["status"] == "cancelled"
    assert home.json("resume") == []
    assert [row["status"] for row in home.json("queue")] in ([], ["cancelled"])


def test_a_round_that_another_process_drives_is_left_to_it(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    run = home.json("queue")[0]["run_id"]
    with FileLeases(home.path / "locks").acquire(run):
        assert "Another process" in home.refused("resume", run, expect=4)
    home.json("decide", item, "--approve", "--as", "Ada Nowak")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(home: Home) -> Any:
    port = _free_port()
    served = home.start("serve", "--port", str(port))
    try:
        until(lambda: _answers(port) or served.poll() is not None)
        assert served.poll() is None, finish(served)
        yield served
    finally:
        served.send_signal(signal.SIGINT)
        try:
            served.wait(30)
        except subprocess.TimeoutExpired:
            served.kill()
        served.communicate()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def test_serve_finishes_what_was_killed_and_decide_beside_it_writes_once(home: Home) -> None:
    more = Home(path=home.path, more={"PREROUND_SWEEP_SECONDS": "0.2"})
    running = more.start("run", PATIENT, "--as-of", AS_OF)
    until(lambda: asked(home, "checkpoints.sqlite", "SELECT 1 FROM checkpoints LIMIT 1 OFFSET 2"))
    running.send_signal(signal.SIGKILL)
    finish(running)
    ((run,),) = asked(home, "preround.sqlite", "SELECT run_id FROM runs")
    before = home.stored()
    with serving(more):
        until(lambda: status_of(home, run) == "awaiting_review")
        ((item,),) = asked(home, "preround.sqlite", "SELECT item_id FROM items")
        racing = [more.start("decide", item, "--approve", "--as", who) for who in ("Ada Nowak", "Ben Okafor")]
        assert sorted(finish(one).code for one in racing) == [0, 4]
        assert status_of(home, run) == "written"
    added = home.stored().keys() - before.keys()
    rows = asked(home, "preround.sqlite", "SELECT resource_type || '/' || resource_id, state FROM outbox")
    assert added == {name for name, _ in rows}
    assert {state for _, state in rows} == {"done"}


def test_serve_writes_what_a_killed_decide_signed(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    more = Home(path=home.path, more={"PREROUND_SWEEP_SECONDS": "0.2"})
    run, before = home.json("queue")[0]["run_id"], home.stored()
    deciding = more.start("decide", item, "--approve", "--as", "Ada Nowak")
    until(lambda: asked(home, "preround.sqlite", "SELECT 1 FROM outbox"))
    os.kill(deciding.pid, signal.SIGKILL)
    finish(deciding)
    with serving(more):
        until(lambda: status_of(home, run) == "written")
    rows = asked(home, "preround.sqlite", "SELECT resource_type || '/' || resource_id FROM outbox")
    assert home.stored().keys() - before.keys() == {name for (name,) in rows}


def test_interrupted_from_the_keyboard_leaves_a_round_that_can_be_resumed(home: Home) -> None:
    running = home.start("run", PATIENT, "--as-of", AS_OF)
    until(lambda: asked(home, "checkpoints.sqlite", "SELECT 1 FROM checkpoints"))
    running.send_signal(signal.SIGINT)
    finish(running)
    home.json("resume")
    assert [row["status"] for row in home.json("queue")] == ["open"]
