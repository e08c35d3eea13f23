"""Leases: one holder, and a killed one holds nothing."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from store.leases import FileLeases, LeaseHeld, Leases

HOLDER = """
import sys, time
from pathlib import Path
from store.leases import FileLeases
with FileLeases(Path(sys.argv[1])).acquire("run-1"):
    sys.stdout.write("held\\n"); sys.stdout.flush()
    time.sleep(60)
"""


def test_one_holds_and_the_next_is_told_at_once(tmp_path: Path) -> None:
    leases: Leases = FileLeases(tmp_path / "leases")
    with leases.acquire("run-1"):
        with pytest.raises(LeaseHeld, match="Another process"), leases.acquire("run-1"):
            pass
        with leases.acquire("run-2"):
            pass
    with leases.acquire("run-1"):
        pass


def test_a_lease_is_free_after_an_error_inside_it(tmp_path: Path) -> None:
    leases = FileLeases(tmp_path)
    with pytest.raises(RuntimeError), leases.acquire("run-1"):
        raise RuntimeError
    with leases.acquire("run-1"):
        pass


def test_a_run_id_names_no_path(tmp_path: Path) -> None:
    folder = tmp_path / "leases"
    with FileLeases(folder).acquire("../../outside"):
        assert [path.parent for path in tmp_path.rglob("*.lock")] == [folder]


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    leases = FileLeases(tmp_path)
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(LeaseHeld), leases.acquire("run-1"):
                pass
        finally:
            holder.send_signal(signal.SIGKILL)
            holder.wait(timeout=10)
        with leases.acquire("run-1"):
            pass
