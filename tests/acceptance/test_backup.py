"""A backup taken while rounds go on, restored elsewhere: what waited waits, what was cut off goes on, nothing twice."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from preround.home import STATE
from store import runs
from tests.acceptance.homes import Home, finish
from tests.acceptance.lives import leases_run_out
from tests.postgres import PostgreSQL
from tests.stores import Store

OTHER = ("run", "fx-hf-ward-patient", "--as-of", "2026-04-16T07:00:00Z")
"""A round of somebody else, which takes no item's place."""
Restored = Callable[[Home], Home]


@pytest.fixture
def restored(which_store: Store, tmp_path: Path, request: pytest.FixtureRequest) -> Restored:
    """Backs a home up as the documents say, and restores it elsewhere."""
    if which_store == "sqlite":

        def on_sqlite(home: Home) -> Home:
            found = home.json("backup", tmp_path / "copy")
            assert (found["waiting"], found["rounds"] >= 3) == (1, True)
            return Home(path=tmp_path / "copy", more={})

        return on_sqlite
    server: PostgreSQL = request.getfixturevalue("postgres")

    def on_postgresql(home: Home) -> Home:
        file, url = tmp_path / "preround.dump", server.new()
        dump: list[str | Path] = [server.binaries / "pg_dump", "--format", "custom", "--file", file]
        subprocess.run([*dump, home.more["PREROUND_DATABASE_URL"]], check=True)
        subprocess.run([server.binaries / "pg_restore", "--dbname", url, file], check=True)
        return Home(path=home.path, more={**home.more, "PREROUND_DATABASE_URL": url})

    return on_postgresql


def test_a_backup_in_the_middle_of_rounds_goes_on_elsewhere(
    drafted_on_both: tuple[Home, str], restored: Restored
) -> None:
    home, item = drafted_on_both
    written = home.json(*OTHER, "--task", "summary")["review_item"]
    home.preround("decide", written, "--approve", "--as", "Ada Nowak")
    before = home.stored()
    under_way = home.start(*OTHER, "--task", "comparison")
    try:
        until_running(home, under_way)
        stop(home, under_way)  # a quick machine would have ended it before the copy
        copy = restored(home)
    finally:
        under_way.kill()
        finish(under_way)
    with copy.state() as connection:
        assert sorted(run.status for run in runs.by_status(connection)) == ["awaiting_review", "running", "written"]
    leases_run_out(copy.settings)  # the driver's lease was copied with the rest, and nobody renews it there
    moved = copy.json("resume")
    assert [one["status"] for one in moved] == ["awaiting_review"]
    assert copy.stored() == before
    assert copy.json("decide", item, "--approve", "--as", "Ada Nowak")["run_status"] == "written"
    assert "already approved" in copy.refused("decide", written, "--approve", "--as", "Ada Nowak", expect=4)
    now = copy.stored()
    assert {name: now[name] for name in before} == before
    assert len(now) > len(before)
    assert copy.json("audit", "verify")["holds"]


def until_running(home: Home, process: subprocess.Popen[str]) -> None:
    """Wait until its round is on record."""
    for _ in range(2400):
        with home.state() as connection:
            if runs.by_status(connection, {"running"}):
                return
        assert process.poll() is None, finish(process)
        time.sleep(0.05)
    raise AssertionError("the round did not begin")


def stop(home: Home, process: subprocess.Popen[str]) -> None:
    """Stop it wherever it is, but in the middle of a transaction: nobody could write before it goes on."""
    for _ in range(100):
        process.send_signal(signal.SIGSTOP)
        if home.more or free(home.path / STATE):
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.01)
    raise AssertionError("it was never between two transactions")


def free(state: Path) -> bool:
    """Whether somebody may write it at once."""
    with closing(sqlite3.connect(state, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


def test_what_cannot_be_backed_up_is_said(home: Home, tmp_path: Path) -> None:
    assert home.json("backup", tmp_path / "one")["rounds"] == 0
    assert "never written over" in home.refused("backup", tmp_path / "one", expect=4)
    assert "cannot be written" in home.refused("backup", tmp_path / "one" / "preround.sqlite" / "x", expect=2)
    there = Home(path=home.path, more={"PREROUND_DATABASE_URL": "postgresql://nobody@/none"})
    assert "pg_dump" in there.refused("backup", tmp_path / "two", expect=2)
