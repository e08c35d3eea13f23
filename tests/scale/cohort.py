"""`python -m tests.scale.cohort`: a cohort on workers that share a PostgreSQL."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from benchmarks.rounds import children
from tests.acceptance.cohorts import cohort_home
from tests.acceptance.homes import Home
from tests.acceptance.test_workers import ready, until
from tests.orderly import orderly
from tests.postgres import running

STORIES = ("child-asthma", "diabetes-ckd", "hard-chart", "heart-failure-inpatient", "overdue-screening", "pregnancy")
"""The cohort has each of them as often as the others, under other ids."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cohort:
    """How it went."""

    patients: int
    """Charts."""
    workers: int
    """Worker processes."""
    rounds: int
    """Rounds that wait for their review."""
    twice: int
    """Patients with more than one round or item."""
    seconds: float
    """From the batch's beginning to its end."""
    cpu_seconds: float
    """Of the workers, each with its Node worker and the sandbox that it embeds."""

    @property
    def rounds_a_cpu_second(self) -> float:
        """What a core does."""
        return self.rounds / self.cpu_seconds


def cohort(base: Path, patients: int, workers: int, at_once: int) -> Cohort:
    """Run a summary, a comparison and suggestions for every patient with the offline reasoner."""
    with running() as postgres:
        home = Home(path=cohort_home(base, patients, STORIES), more={"PREROUND_DATABASE_URL": postgres.new()})
        home.preround("queue")  # the tables are there before anybody begins
        before = children()
        started = [home.start("worker", "--at-once", str(at_once)) for _ in range(workers)]
        try:
            until(lambda: ready(home, workers), *started)
            began = time.monotonic()
            told = home.json("batch", "--all", "--as-of", "2026-06-01T08:00:00Z")
            seconds = time.monotonic() - began
        finally:
            for worker in started:
                worker.send_signal(signal.SIGTERM)
            for worker in started:
                worker.communicate()
        cpu = children() - before
        with psycopg.connect(home.more["PREROUND_DATABASE_URL"]) as connection:
            rows = connection.execute("SELECT patient FROM runs UNION ALL SELECT patient FROM items").fetchall()
    of = Counter(str(patient) for (patient,) in rows)
    return Cohort(
        patients=patients,
        workers=workers,
        rounds=told["states"].get("awaiting_review", 0),
        twice=sum(1 for found in of.values() if found != 2),
        seconds=round(seconds, 1),
        cpu_seconds=round(cpu, 1),
    )


def main() -> int:
    """Print it, as JSON too."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale.cohort", description=__doc__)
    parser.add_argument("--patients", type=int, default=500, help="charts; default %(default)s")
    parser.add_argument("--workers", type=int, default=2, help="processes; default %(default)s")
    parser.add_argument("--at-once", type=int, default=2, help="rounds that one has under way; default %(default)s")
    parser.add_argument("--json", type=Path, help="write it as JSON")
    given = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="cohort"))
    try:
        with orderly():
            found = cohort(base, given.patients, given.workers, given.at_once)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    sys.stdout.write(
        f"{found.rounds} of {found.patients} rounds on {found.workers} workers in {found.seconds:.0f} s: "
        f"{found.rounds_a_cpu_second:.2f} a CPU second; {found.twice} done twice\n"
    )
    if given.json:
        told = asdict(found) | {"rounds_a_cpu_second": round(found.rounds_a_cpu_second, 3)}
        given.json.write_text(json.dumps(told, indent=1) + "\n")
    return 0 if found.rounds == found.patients and not found.twice else 1


if __name__ == "__main__":
    sys.exit(main())
