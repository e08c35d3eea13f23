"""A child's growth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from agents.offline.words import listing, measurement
from agents.reasoner import Material
from chart.appraisal import ADULT
from chart.series import Point
from claims.claim import Claim
from claims.sentence import OLD_DAYS, Sentence

_GROWTH = ("weight", "height", "head_circumference")
_PERCENTILES = ("bmi_percentile", "weight_for_length_percentile", "head_circumference_percentile")


def growth(m: Material, number: Callable[[], str], told: AbstractSet[str]) -> list[Claim]:
    """A child's last measures, with the percentiles that the record itself has; none are computed.

    ``told``: results whose value stands on top of the page, such as the weight of a dose.
    """
    chart = m.appraisal.chart
    if chart.age is None or chart.age >= ADULT or chart.deceased:
        return []
    measured = [one.latest for k in (*_GROWTH, *_PERCENTILES) if (one := m.appraisal.series.get(k)) and one.latest]
    # An old head circumference of a schoolchild says nothing any more.
    points = [p for p in measured if (chart.today - p.day).days <= OLD_DAYS and p.fact.id not in told]
    if not points:
        return []
    last = max(points, key=lambda p: p.when.start)
    s = Sentence(m.appraisal).say("Growth (").date(last.fact).say("): ")
    listing(s, points, lambda p: _measure(s, m, p, last))
    _before(s, m, points)
    return [s.claim(number(), salience=2)]


def _measure(s: Sentence, m: Material, point: Point, last: Point) -> None:
    what = measurement(m, point)
    s.name(point.fact, what.name).say(" ").number(point, what, unit=what.key not in _PERCENTILES).cite(
        point.fact, "when"
    )
    if point.day != last.day:
        s.say(" (").date(point.fact).say(")")


def _before(s: Sentence, m: Material, points: Sequence[Point]) -> None:
    """The percentile before: growth is a course, not a value."""
    for point in points:
        key = measurement(m, point).key
        earlier = [p for p in m.appraisal.series[key].trusted if p.day < point.day] if key in _PERCENTILES else []
        if earlier:
            before = earlier[-1]
            s.say(", before ").number(before, measurement(m, before), unit=False).say(" (").date(before.fact).say(")")
