"""No misshapen resource stops the reading, the appraisal or the verifier; TEST_MUTANTS=N tries more of them."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chart.appraisal import Appraisal, appraise
from chart.chart import Chart
from chart.fact import Fact
from claims.claim import Claim, Quote, cite
from claims.verify import verify
from tests.depth import depth
from tests.unit.chart.mutants import mutated
from tests.unit.chart.samples import Resources, messy, stories
from tests.unit.chart.test_extract import PATIENT, lost, one

MUTANTS = depth("MUTANTS", 500, ci=5000)
SLOW = settings(max_examples=MUTANTS, suppress_health_check=list(HealthCheck))
KNOWN = [r for resources, _ in stories().values() for r in resources]


def pool() -> Resources:
    """The stories' resources, and those of other makers where they are."""
    return [*KNOWN, *messy()]


@SLOW
@given(pick=st.integers(0, 10**6), seed=st.integers(0, 10**9))
def test_no_misshapen_resource_stops_the_reading_or_the_verifier(pick: int, seed: int) -> None:
    known = KNOWN
    chart = one(mutated(known[pick % len(known)], seed))
    assert list(lost(chart)) == []
    for fact in chart.facts:
        check(appraise(chart), fact)


@SLOW
@given(pick=st.integers(0, 10**6), seed=st.integers(0, 10**9))
def test_no_misshapen_resource_of_another_maker_stops_the_reading(pick: int, seed: int) -> None:
    resource = pool()[pick % len(pool())]
    chart = one(mutated(resource | {"id": resource.get("id", "x")}, seed))
    assert list(lost(chart)) == []


@settings(max_examples=max(60, MUTANTS // 20), suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9))
def test_no_chart_of_misshapen_resources_stops_the_appraisal(seed: int) -> None:
    resources, now = stories()["hard-chart"]
    draw = random.Random(seed)  # noqa: S311
    spoilt = [mutated(r, seed + i) if draw.random() < 0.7 else r for i, r in enumerate(resources)]
    appraise(Chart.build([PATIENT, *(r for r in spoilt if r["resourceType"] != "Patient")], as_of=now))


def check(appraisal: Appraisal, fact: Fact) -> None:
    """Whatever was read can be cited and judged: a sentence that repeats it stands, or falls with a reason."""
    text = f"{fact.name[:300]} {'' if fact.value is None else str(fact.value)[:60]}".strip() or "x"
    said = tuple(cite(fact, cell) for cell in fact.cells.values() if cell.path != "Patient")[:40]
    notes = [n for n in appraisal.chart.notes if n.fact.id == fact.id]
    quotes = tuple(
        Quote(fact=n.fact.id, reference=n.fact.citation, path=n.path, text=" ".join(n.text.split())[:80])
        for n in notes
        if n.text.strip()
    )
    claim = Claim(id="c", text=text, kind="fact", citations=said, quotes=quotes, salience=2)
    verdict = verify(claim, appraisal, {})
    assert verdict.stands or all(isinstance(reason, str) and reason for reason in verdict.reasons)
