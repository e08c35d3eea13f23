"""Leases: one holder, and a dead one holds nothing for long; one that comes back late writes nothing."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from store import runs
from store.database import Database
from store.leases import FileLeases, LeaseHeld, LeaseLost, Leases
from store.row_leases import RowLeases
from tests.stores import ready
from tests.unit.store.conftest import a_run

Kind = Literal["files", "sqlite", "postgresql"]
SHORT = 0.4
"""Seconds of a row lease in these tests."""

HOLDER = """
import sys, time
from pathlib import Path
from store.database import Database
from store.leases import FileLeases
from store.row_leases import RowLeases
kind, where, seconds = sys.argv[1:]
leases = FileLeases(Path(where)) if kind == "files" else RowLeases(Database(where), seconds=float(seconds))
with leases.acquire("run-1"):
    sys.stdout.write("held\\n"); sys.stdout.flush()
    time.sleep(60)
"""


@pytest.fixture(params=["files", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
def where(kind: Kind, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    if kind == "files":
        yield str(tmp_path / "leases")
        return
    with ready(kind, tmp_path, request) as url:
        yield url


@pytest.fixture
def leases(kind: Kind, where: str) -> Iterator[Leases]:
    if kind == "files":
        yield FileLeases(Path(where))
        return
    database = Database(where)
    yield RowLeases(database, seconds=SHORT)
    database.close()


def holding(kind: Kind, where: str) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, kind, where, str(SHORT)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def taken(leases: Leases, *, within: float) -> float:
    """Seconds until the run can be held."""
    began = time.monotonic()
    while time.monotonic() < began + within:
        try:
            with leases.acquire("run-1"):
                return time.monotonic() - began
        except LeaseHeld:
            time.sleep(0.02)
    raise AssertionError("never free")


def test_one_holds_and_the_next_is_told_at_once(leases: Leases) -> None:
    with leases.acquire("run-1"):
        with pytest.raises(LeaseHeld, match="Another process"), leases.acquire("run-1"):
            pass
        with leases.acquire("run-2"):
            pass
    with leases.acquire("run-1"):
        pass


def test_a_lease_is_free_after_an_error_inside_it(leases: Leases) -> None:
    with pytest.raises(RuntimeError), leases.acquire("run-1"):
        raise RuntimeError
    with leases.acquire("run-1"):
        pass


def test_a_killed_holder_holds_nothing_for_long(kind: Kind, where: str, leases: Leases) -> None:
    with holding(kind, where) as holder:
        try:
            with pytest.raises(LeaseHeld), leases.acquire("run-1"):
                pass
        finally:
            holder.send_signal(signal.SIGKILL)
            holder.wait(timeout=10)
        assert taken(leases, within=10) < (0.5 if kind == "files" else 5)


def test_of_many_who_want_it_one_has_it(leases: Leases) -> None:
    inside, most, done = 0, 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal inside, most, done
        while True:
            try:
                with leases.acquire("run-1"):
                    with lock:
                        inside += 1
                        most = max(most, inside)
                    time.sleep(0.002)
                    with lock:
                        inside -= 1
                        done += 1
                    return
            except LeaseHeld:
                time.sleep(0.005)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, done) == (1, 8)


def test_a_run_id_names_no_path(tmp_path: Path) -> None:
    folder = tmp_path / "leases"
    with FileLeases(folder).acquire("../../outside"):
        assert [path.parent for path in tmp_path.rglob("*.lock")] == [folder]


def test_a_holder_that_works_long_keeps_it(db: Database) -> None:
    leases = RowLeases(db, seconds=SHORT)
    with leases.acquire("run-1") as lease:
        time.sleep(2.5 * SHORT)
        assert not lease.lost
        with pytest.raises(LeaseHeld), leases.acquire("run-1"):
            pass
        with db.write() as connection:
            lease.check(connection)


def test_the_number_grows_with_each_holder(db: Database) -> None:
    leases = RowLeases(db)
    fences = []
    for _ in range(3):
        with leases.acquire("run-1") as lease:
            fences.append(lease.fence)
    assert fences == [1, 2, 3]


def test_one_that_was_paused_past_its_time_writes_nothing(db: Database, store_url: str) -> None:
    leases = RowLeases(db, seconds=SHORT)
    with holding("sqlite", store_url) as holder:
        try:
            holder.send_signal(signal.SIGSTOP)
            taken(leases, within=10)
        finally:
            holder.send_signal(signal.SIGKILL)
            holder.wait(timeout=10)
    with leases.acquire("run-1") as late:
        # What a process does that was stopped inside the block: its row has gone to another meanwhile.
        with db.single() as connection:
            connection.exec_driver_sql("UPDATE leases SET holder = 'other', fence = fence + 1")
        guarded = db.guarded(late.check)
        with pytest.raises(LeaseLost, match="nothing is lost"), guarded.write() as connection:
            runs.create(connection, a_run())
        assert late.lost
    with db.read() as connection:
        assert runs.get(connection, "run-1") is None
        assert connection.exec_driver_sql("SELECT holder, expires > 1 FROM leases").one()[0] == "other"


def test_a_lost_lease_is_noticed_without_a_write(db: Database) -> None:
    with RowLeases(db, seconds=SHORT).acquire("run-1") as lease:
        with db.single() as connection:
            connection.exec_driver_sql("UPDATE leases SET holder = 'other', fence = fence + 1")
        for _ in range(100):
            if lease.lost:
                break
            time.sleep(0.02)
        assert lease.lost
