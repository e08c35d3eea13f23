"""`python -m tests.scale.memory`: memory of a live `serve` and a live `worker` while a thousand rounds wait.

Both look after one PostgreSQL: `serve` is asked for the queue again and again, the worker sweeps each second. What each
holds is read from the operating system when few rounds wait, when all those wait, and after as many looks more.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from tests.acceptance.cohorts import cohort_home
from tests.acceptance.homes import AS_OF, SECONDS, Home
from tests.acceptance.test_workers import ready, until
from tests.postgres import PostgreSQL, running
from tests.scale.filled import fill
from tests.scale.test_flat import state_of
from tests.visiting import KEY, WITH_KEY

NAMES = ("serve", "worker")
SWEEPS = 3.0
"""So many seconds each stretch lasts at least: the worker sweeps once in each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """Resident memory of one process, in MiB."""

    name: str
    """Which command it is."""
    few: float
    """With the rounds that this worker did, after its first looks."""
    waiting: float
    """With all those rounds waiting, after as many looks."""
    later: float
    """After as many looks more."""

    @property
    def ratio(self) -> float:
        """In the end beside those few."""
        return self.later / self.few

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.name}: {self.few:.1f} MiB with few, {self.waiting:.1f} with all waiting, {self.later:.1f} later: "
            f"{self.ratio:.3f} times as much"
        )


def held(home: Home, *, waiting: int, looks: int) -> tuple[Held, Held]:
    """What `serve` and `worker` hold.

    Args:
        home: with a patient, and an empty PostgreSQL.
        waiting: rounds that wait in the end.
        looks: how often the queue is opened in each of the three stretches.
    """
    home = replace(home, more={**home.more, "PREROUND_ACCESS_KEY": KEY, "PREROUND_SWEEP_SECONDS": "1"})
    with _live(home, "serve", "--port", "0") as serving, _live(home, "worker") as worker:
        until(lambda: (home.path / "link").is_file() and ready(home, 1), serving, worker)
        base = (home.path / "link").read_text().partition("/enter")[0]
        with httpx.Client(base_url=base, headers=WITH_KEY, trust_env=False, timeout=SECONDS) as web:
            done = home.json("batch", "--all", "--task", "summary", "--as-of", AS_OF)["states"]["awaiting_review"]
            found = [_after(web, looks, serving, worker)]
            _copy(home, waiting // done - 1)
            found += [_after(web, looks, serving, worker) for _ in range(2)]
    first, second = (Held(name=n, few=a, waiting=b, later=c) for n, a, b, c in zip(NAMES, *found, strict=True))
    return first, second


@contextmanager
def _live(home: Home, *command: str) -> Iterator[subprocess.Popen[str]]:
    process = home.start(*command)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)


def _copy(home: Home, times: int) -> None:
    """So many more wait for each that waits, each a copy of one of those."""
    state = state_of(home.settings)
    with state.write() as connection:
        fill(connection, times)
    state.close()


def _after(web: httpx.Client, looks: int, *processes: subprocess.Popen[str]) -> tuple[float, ...]:
    """Memory of each process after so many looks at the queue."""
    end = time.monotonic() + SWEEPS
    look = 0
    while look < looks or time.monotonic() < end:
        page = web.get("/")
        assert page.status_code == 200
        assert "/items/" in page.text
        look += 1
        time.sleep(SWEEPS / looks / 2)
    return tuple(_resident(one.pid) for one in processes)


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def home_on(server: PostgreSQL, base: Path) -> Home:
    """A home with two patients, its state in a database that is new."""
    return Home(path=cohort_home(base, 2), more={"PREROUND_DATABASE_URL": server.new()})


def main() -> int:
    """Print a line for each process."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale.memory", description=__doc__)
    parser.add_argument("--waiting", type=int, default=1000, help="rounds that wait; default %(default)s")
    parser.add_argument("--looks", type=int, default=200, help="looks at the queue a stretch; default %(default)s")
    given = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="memory"))
    try:
        with running() as server:
            for one in held(home_on(server, base), waiting=given.waiting, looks=given.looks):
                sys.stdout.write(f"{one}\n")
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
