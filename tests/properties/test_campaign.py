"""Random mutations of the charts and stories: the program keeps every rule, and a program that breaks one is found."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from benchmarks.chart_page import Sample
from tests.depth import depth
from tests.properties.broken import BROKEN
from tests.properties.mutations import page_of
from tests.properties.rules import PROPERTIES, Program

# Counting lines costs more than the campaign itself, and one mutation runs the same lines as thousands.
pytestmark = pytest.mark.no_cover

MUTATIONS = depth("MUTATIONS", here=3, ci=80)
"""Mutations of each property and origin; small charts are cheap and are drawn more often."""
PATIENCE = 60
"""So many mutations at most until a broken program is found out."""


def draws(samples: tuple[Sample, ...], name: str) -> Iterator[tuple[Sample, Random, str]]:
    """Charts with a source of chance each, always the same ones."""
    random = Random(name)  # noqa: S311 - no secret
    weights = [1 / len(s.resources) for s in samples]
    while True:
        seed = f"{name} {random.getrandbits(40)}"
        (sample,) = random.choices(samples, weights)
        yield sample, Random(seed), f"{sample.name}, seed {seed!r}"  # noqa: S311 - no secret


@pytest.mark.parametrize("name", PROPERTIES)
def test_the_program_keeps_the_rule(samples: tuple[Sample, ...], name: str) -> None:
    tried = 0
    for drawn, (sample, random, which) in enumerate(draws(samples, name), start=1):
        faults = PROPERTIES[name](page_of, sample, random)
        assert not faults, f"{which}: {faults}"
        tried += faults is not None
        if tried >= MUTATIONS or drawn >= 20 * MUTATIONS:
            break
    assert tried >= MUTATIONS, "there are charts of which the rule says something"


@pytest.mark.parametrize(("name", "program"), [(n, p) for n, programs in BROKEN.items() for p in programs])
def test_a_program_that_breaks_the_rule_is_found(samples: tuple[Sample, ...], name: str, program: Program) -> None:
    for tried, (sample, random, _) in enumerate(draws(samples, f"{name}, broken")):
        if PROPERTIES[name](program, sample, random):
            return
        assert tried < PATIENCE, "the broken program was never found out"


def test_each_rule_has_a_program_that_breaks_it() -> None:
    assert set(BROKEN) == set(PROPERTIES)
