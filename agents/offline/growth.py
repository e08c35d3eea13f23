"""A child's growth."""

from __future__ import annotations

from collections.abc import Callable

from agents.offline.words import listing, measurement
from agents.reasoner import Material
from chart.appraisal import ADULT
from claims.claim import Claim
from claims.sentence import OLD_DAYS, Sentence

_GROWTH = ("weight", "height", "head_circumference")
_PERCENTILES = frozenset({"59576-9", "77606-2", "8336-0", "59575-1"})
_PERCENTILE_WORDS = "percentile for age and sex"


def growth(m: Material, number: Callable[[], str]) -> list[Claim]:
    """A child's last measures, with the percentiles that the record itself has; none are computed."""
    chart = m.appraisal.chart
    if chart.age is None or chart.age >= ADULT or chart.deceased:
        return []
    measured = [one.latest for k in _GROWTH if (one := m.appraisal.series.get(k)) and one.latest]
    # An old head circumference of a schoolchild says nothing any more.
    points = [p for p in measured if (chart.today - p.day).days <= OLD_DAYS]
    if not points:
        return []
    s = Sentence(m.appraisal).say("Growth: ")
    listing(s, points, lambda p: s.measured(p, measurement(m, p)))
    percentiles = [f for f in chart.of("vital", "lab", "other") if any(c.code in _PERCENTILES for c in f.codes)]
    if percentiles:
        last = percentiles[-1]
        s.say(", ").name(last, _PERCENTILE_WORDS).say(f" {last.value} %").cite(last, "value", "unit").say(" (").date(
            last
        )
        s.say(")")
    return [s.claim(number(), salience=2)]
