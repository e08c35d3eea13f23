"""A hospital stay under way: since when, what was given in the last day, what went in and out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from chart.chart import Chart
from chart.fact import Fact

DAY = timedelta(hours=24)
_UNDER_WAY = frozenset({"in-progress", "arrived", "onleave", "triaged"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """An inpatient stay that has not ended at ``as_of``."""

    admission: Fact
    """The encounter."""
    given: tuple[Fact, ...]
    """Medicines given in the last 24 hours, oldest first; the last dose of each."""
    withheld: tuple[Fact, ...]
    """Doses recorded as not given in the last 24 hours."""


def stay_of(chart: Chart) -> Stay | None:
    """The stay under way, or ``None`` for a patient at home."""
    inpatient = [
        f
        for f in chart.of("encounter")
        if "inpatient" in f.tags
        and "reason" not in f.tags
        and (f.status in _UNDER_WAY or (f.ended and f.ended.start > chart.as_of))
    ]
    if not inpatient:
        return None
    recent = [f for f in chart.of("administration") if f.when and chart.as_of - f.when.start <= DAY]
    last = {f.name: f for f in recent if "negated" not in f.tags}
    return Stay(
        admission=inpatient[-1],
        given=tuple(last.values()),
        withheld=tuple(f for f in recent if "negated" in f.tags),
    )
