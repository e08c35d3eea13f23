"""The comparison of two windows: what moved, which medicines and problems came and went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from chart.appraisal import Appraisal
from chart.courses import CourseChange, course_changes, is_live
from chart.extract.condition import ACTIVE
from chart.fact import Fact
from chart.moment import months_before
from chart.trends import Movement, movement, movements


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A span of days with what changed in it."""

    title: str
    """What the window is, in words."""
    start: date
    """First day."""
    end: date
    """Last day."""
    movements: tuple[Movement, ...]
    """Measurements with a value at both ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What changed."""

    latest: Window | None
    """The last day with data against the day before it that measured the same; ``None`` with fewer than two days."""
    year: Window
    """Twelve months, or the window that a person asked for."""
    courses: tuple[CourseChange, ...]
    """Medicines in the second window."""
    renewed: int
    """How many orders in that window only renew."""
    new_problems: tuple[Fact, ...]
    """Problems that began in it."""
    resolved_problems: tuple[Fact, ...]
    """Problems that ended in it."""
    procedures: tuple[Fact, ...]
    """What was done in it, without what says nothing by itself (the rules' quiet procedures)."""


def compare(appraisal: Appraisal, *, since: date | None = None) -> Comparison:
    """Compare windows: the last day with data against the one before it, and twelve months (or since a given day)."""
    end = appraisal.chart.today
    start = since or months_before(end, 12)
    year = Window(
        title="since the day asked for" if since else "twelve months",
        start=start,
        end=end,
        movements=tuple(movements(appraisal.series, appraisal.ranges, start, end)),
    )
    changes = course_changes(appraisal.courses, start)
    changed = {id(c.course) for c in changes}
    orders = [o for c in appraisal.courses if id(c) not in changed for o in c.orders if o.when and o.when.date >= start]
    problems = appraisal.chart.of("problem")
    return Comparison(
        latest=_latest(appraisal),
        year=year,
        courses=changes,
        renewed=len([o for o in orders if is_live(o) or o.status in ("stopped", "completed")]),
        new_problems=_within([p for p in problems if p.status in ACTIVE], start, "when"),
        resolved_problems=_within([p for p in problems if p.status not in ACTIVE], start, "ended"),
        procedures=_within(_procedures(appraisal), start, "when"),
    )


def _procedures(appraisal: Appraisal) -> list[Fact]:
    done = [f for f in appraisal.chart.of("procedure") if f.status in ("completed", "in-progress", "unknown", "")]
    return [f for f in done if not appraisal.book.quiet.search(f.name.lower())]


def _within(facts: Sequence[Fact], start: date, what: str) -> tuple[Fact, ...]:
    found = []
    for fact in facts:
        moment = fact.when if what == "when" else fact.ended
        if moment and moment.date >= start:
            found.append(fact)
    return tuple(found)


def _latest(appraisal: Appraisal) -> Window | None:
    """Each measurement of the last day against its own value before; a day counts by the record's own calendar."""
    days = sorted({p.day for s in appraisal.series.values() for p in s.trusted})
    if len(days) < 2:
        return None
    last = days[-1]
    found = []
    for key, one in appraisal.series.items():
        trusted = one.trusted
        today = [p for p in trusted if p.day == last]
        before = [p for p in trusted if p.day < last]
        if today and before:
            found.append(movement(key, one, before[-1], today[-1], appraisal.ranges.get(key)))
    start = max((m.first.day for m in found), default=last - timedelta(days=1))
    return Window(title="last day with data against the one before", start=start, end=last, movements=tuple(found))
