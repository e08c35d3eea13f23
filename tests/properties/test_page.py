"""A1 to A3 over charts at many moments of their past, in part lost, with numbers and statuses moved."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from benchmarks.chart_page import Sample, Shown
from tests.properties.checks import TOP, layout, not_latest, unplaced, undated
from tests.properties.mutations import at_another_time, dropped, page_of, told_again, worded

ROUNDS = 40


@pytest.fixture(scope="session")
def pages(samples: tuple[Sample, ...]) -> list[tuple[str, Shown]]:
    """Each sample as it is, and many moments and mutilations of it."""
    found = [(s.name, page_of(s)) for s in samples]
    for sample in samples:
        for seed in range(ROUNDS):
            found.append((f"{sample.name} {seed}", page_of(at_another_time(sample, Random(f"{sample.name}{seed}")))))
    return found


@pytest.mark.parametrize("check", [unplaced, layout, undated, not_latest])
def test_every_page_keeps_the_rules(pages: list[tuple[str, Shown]], check: Callable[[Shown], list[str]]) -> None:
    faults = [f"{name}: {fault}" for name, shown in pages for fault in check(shown)]
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:40])
