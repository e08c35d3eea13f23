"""Cohorts of invented patients: the same stories many times over, under other ids."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from fhir_fixtures.bundles import bundles
from tests.acceptance.homes import loaded

SMALL = ("overdue-screening", "hard-chart-namesake")
"""Stories that a round reads quickly."""


@cache
def cohort_home(base: Path, number: int, stories: Sequence[str] = SMALL) -> Path:
    """A home whose sandbox holds so many patients; made once below the session's folder, to be copied."""
    home = base / f"cohort-{number}"
    folder = base / f"cohort-{number}-bundles"
    folder.mkdir(parents=True)
    bodies = [body for name, body in bundles() if name in stories]
    for n in range(number):
        (folder / f"{n}.json").write_bytes(bodies[n % len(bodies)].replace(b"fx-", b"fx%d-" % n))
    return loaded(home, folder)
