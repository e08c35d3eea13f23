"""A8: a value that cannot be is flagged, leaves the trends and sets nothing off."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from benchmarks.chart_page import Sample, Shown
from chart.finding import RANK
from tests.properties.checks import TOP, under
from tests.properties.mutations import dropped, page_of, result, told_again, with_more

PLANTED = "Observation/planted"
CASES = (
    ("4548-4", "%", "3.9", "hba1c", "laboratory"),
    ("6298-4", "mmol/L", "45", "potassium", "laboratory"),
    ("29463-7", "kg", "2.2", "weight", "vital-signs"),
)


def relied_on(shown: Shown, key: str) -> list[str]:
    """A8: what is wrong with the way a planted value is used."""
    faults = []
    if PLANTED not in shown.appraisal.doubtful:
        faults.append("it is not doubtful")
    if any(p.fact.reference == PLANTED for p in shown.appraisal.series[key].trusted):
        faults.append("it is in the trend")
    fact = next(f for f in shown.appraisal.chart.facts if f.reference == PLANTED)
    faults += [
        f"it sets off {f.kind}"
        for f in shown.appraisal.findings
        if f.kind in RANK and any(p.fact is fact and p.doubt is None for p in f.points)
    ]
    flagged = [c for c in under(shown, "Do not rely on", TOP) if fact.id in {x.fact for x in c.citations}]
    if not any(c in flagged for c in under(shown, "Do not rely on")) and not any(
        "relied on" in c.text for c in flagged
    ):
        faults.append("it is not flagged")
    elsewhere = under(shown, "Changed", "Active problems", "Also found")
    faults += [f"it is told: {c.text}" for c in elsewhere if fact.id in {x.fact for x in c.citations}]
    return faults


@pytest.mark.parametrize(("code", "unit", "value", "key", "category"), CASES)
def test_a8_an_impossible_value_is_flagged_and_used_for_nothing(
    samples: tuple[Sample, ...], code: str, unit: str, value: str, key: str, category: str
) -> None:
    tried = 0
    for sample in samples:
        base, number = sample, Decimal(value)
        if key == "weight":
            before = page_of(sample).appraisal.series.get(key)
            latest = before.points[-1] if before else None
            if latest is None or (sample.as_of.date() - latest.day).days > 360:
                earlier = sample.as_of - timedelta(days=90)
                base = with_more(sample, result("base", sample, code, "71", unit, earlier, category=category))
            number *= latest.value if latest is not None and base is sample else Decimal(71)
        when = sample.as_of - timedelta(minutes=7)
        planted = result("planted", base, code, f"{number:.2f}", unit, when, category=category)
        shown = page_of(with_more(base, planted))
        assert not relied_on(shown, key), f"{sample.name}: {relied_on(shown, key)}"
        assert relied_on(dropped(shown, lambda c: any(PLANTED in x.reference for x in c.citations)), key)
        told = told_again(shown, lambda c: any(PLANTED in x.reference for x in c.citations), "Changed")
        assert any("told" in fault for fault in relied_on(told, key))
        tried += 1
    assert tried == len(samples)
