"""Noted heads are cut to the newest, at no moment to fewer, and what is left still finds what was done to a chain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from store import audit
from store.database import Database, Transaction, database_at
from store.heads import KEPT, Heads
from tests.unit.store.test_audit import grow, sql

KILLED = """
import os, signal, sys
from pathlib import Path
from store.heads import Heads

heads = Heads(Path(sys.argv[1]), keep=2)
heads.cut(heads.noted(), sync=lambda file: os.kill(os.getpid(), signal.SIGKILL))
"""


def a_head(seq: int) -> tuple[int, str]:
    return seq, f"{seq:064x}"


def noting(path: Path, last: int, *, keep: int = 2) -> Heads:
    heads = Heads(path, keep=keep)
    for seq in range(1, last + 1):
        heads.note(*a_head(seq))
    return heads


def test_what_was_held_is_cut_to_the_newest_and_what_was_not_stays(tmp_path: Path) -> None:
    heads = noting(tmp_path / "audit.heads", 6)
    held = heads.noted()
    heads.note(*a_head(7))
    heads.note(3, "f" * 64)  # row 3 once more: somebody takes one away and writes another
    heads.cut(held, sync=os.fsync)
    assert heads.noted() == {a_head(5), a_head(6), a_head(7), (3, "f" * 64)}
    assert len(heads.path.read_text().splitlines()) == 4
    heads.cut(heads.noted() - {(3, "f" * 64)}, sync=os.fsync)
    assert heads.noted() == {a_head(6), a_head(7), (3, "f" * 64)}


def test_few_are_left_as_they_are(tmp_path: Path) -> None:
    heads = noting(tmp_path / "audit.heads", 5, keep=KEPT)
    before = heads.path.stat().st_ino
    heads.cut(heads.noted(), sync=os.fsync)
    assert heads.path.stat().st_ino == before
    Heads(tmp_path / "none").cut(frozenset(), sync=os.fsync)
    assert not (tmp_path / "none").exists()


def test_who_is_killed_before_the_file_takes_its_place_leaves_all_that_was_noted(tmp_path: Path) -> None:
    heads = noting(tmp_path / "audit.heads", 9)
    before = heads.path.read_bytes()
    ran = subprocess.run([sys.executable, "-c", KILLED, str(heads.path)], check=False)
    assert ran.returncode == -signal.SIGKILL
    assert heads.path.read_bytes() == before
    assert (tmp_path / "audit.heads.part").exists(), "it was killed between writing and renaming"
    heads.note(*a_head(10))
    heads.cut(heads.noted(), sync=os.fsync)
    assert heads.noted() == {a_head(9), a_head(10)}


def test_a_cut_that_cannot_be_brought_to_the_disk_is_none(tmp_path: Path) -> None:
    heads = noting(tmp_path / "audit.heads", 9)

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    heads.cut(heads.noted(), sync=full)
    assert heads.noted() == {a_head(seq) for seq in range(1, 10)}


def test_nothing_that_is_noted_while_others_cut_is_lost(tmp_path: Path) -> None:
    path, last, writers = tmp_path / "audit.heads", 100, 4
    noted = threading.Event()

    def note(writer: int) -> None:
        for n in range(last):
            Heads(path).note(*a_head(1000 * (writer + 1) + n))

    def cut() -> None:
        while not noted.is_set():
            # Of an old check: all that was noted since must stay.
            Heads(path, keep=1).cut({a_head(1), a_head(2)}, sync=os.fsync)

    noting(path, 2)
    threads = [threading.Thread(target=note, args=[writer]) for writer in range(writers)]
    cutting = threading.Thread(target=cut)
    for thread in (cutting, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    noted.set()
    cutting.join()
    mine = {a_head(1000 * (writer + 1) + n) for writer in range(writers) for n in range(last)}
    assert Heads(path).noted() == mine | {a_head(2)}


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Database]:
    """Twelve acts, of which the newest three are noted still."""
    db = database_at(tmp_path / "preround.sqlite", heads=Heads(tmp_path / "audit.heads", keep=3))
    db.migrate()
    grow(db, 12)
    assert held(db) is None
    db.cut_heads(db.heads, sync=os.fsync)
    assert {seq for seq, _ in db.heads} == {10, 11, 12}
    assert held(db) is None
    yield db
    db.close()


def cut_off(connection: Transaction, left: int) -> None:
    """Past the program, with the head that lies in the database."""
    last = "UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1)"
    sql(f"DELETE FROM audit WHERE seq > {left}", last if left else "DELETE FROM audit_head")(connection)  # noqa: S608


def held(db: Database) -> str | None:
    with db.read() as connection:
        return audit.verify(connection, db.heads).problem


@pytest.mark.parametrize("left", [1, 5, 9, 10, 11])
def test_an_end_that_is_cut_off_anywhere_is_found(chain: Database, left: int) -> None:
    with chain.write() as connection:
        cut_off(connection, left)
    problem = held(chain)
    assert problem is not None
    assert f"noted row {max(left + 1, 10)}, which is not there" in problem
    # What is added later hides nothing.
    grow(chain, 14 - left)
    assert "not the one that this machine noted" in (held(chain) or "")


@pytest.mark.parametrize("row", [1, 4, 9, 10, 12])
def test_a_chain_that_is_computed_anew_from_any_row_on_is_found(chain: Database, tmp_path: Path, row: int) -> None:
    with chain.write() as connection:
        written = audit.rows(connection)
        cut_off(connection, row - 1)
    with_none = database_at(tmp_path / "preround.sqlite")
    with with_none.write() as connection:
        for one in written[row - 1 :]:
            audit.append(connection, at=one.at, actor="Somebody else", act=one.act, subject=one.subject, detail={})
    with_none.close()
    with chain.read() as connection:
        assert audit.verify(connection).problem is None, "by itself it holds"
        assert connection.execute(text("SELECT max(seq) FROM audit")).scalar() == 12
    assert f"Row {max(row, 10)} is not the one that this machine noted" in (held(chain) or "")
