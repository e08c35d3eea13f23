"""Results that are not final: preliminary values, and tests that were taken and have no result yet."""

from __future__ import annotations

from datetime import timedelta

from chart.chart import Chart
from chart.fact import Fact
from chart.finding import Finding

RECENT = timedelta(days=60)
"""An older unfinished result was forgotten, not awaited; it is left to the coverage."""
_UNFINISHED = frozenset({"registered", "preliminary", "partial"})


def preliminary(chart: Chart) -> list[Finding]:
    """One finding for all recent results that are not final."""
    facts = [f for f in chart.of("lab", "vital", "survey", "other", "report") if _awaited(f, chart)]
    if not facts:
        return []
    return [
        Finding(
            kind="preliminary", key="results", when=facts[-1].when.start if facts[-1].when else None, facts=tuple(facts)
        )
    ]


def _awaited(fact: Fact, chart: Chart) -> bool:
    return fact.status in _UNFINISHED and fact.when is not None and chart.as_of - fact.when.start <= RECENT
