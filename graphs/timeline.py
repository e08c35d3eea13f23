"""When the patient came, what was taken, what was measured: the last two years or more, for a page that draws them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from chart.appraisal import Appraisal
from chart.courses import Course
from chart.fact import Fact
from chart.moment import months_before

MONTHS = 24
"""As far back at least."""
VISITS = 5
"""So many visits are shown at least, however far back they lie."""
_KINDS = {"lab": "laboratory", "vital": "measured", "report": "reports"}
MOST = 60
"""So many visits, medicines and days with results at most; the latest."""


def timeline_shown(appraisal: Appraisal) -> dict[str, Any]:
    """Visits, courses of medicines and days with results, oldest first.

    Each names a fact, its reference and the path of what it says, so that a page can lead to the source.
    """
    chart = appraisal.chart
    visits = sorted((f for f in chart.of("encounter") if f.when), key=lambda f: f.when.start if f.when else 0)
    start = _start(visits, chart.today)
    shown = [f for f in visits if f.when and f.when.date >= start]
    courses = [c for c in appraisal.courses if c.started and c.renewed and _end(c, chart.today) >= start]
    days = _days([f for f in chart.of("lab", "vital", "report") if f.when and f.when.date >= start])
    return {
        "start": start.isoformat(),
        "end": chart.today.isoformat(),
        "visits": [_dated(f) for f in shown[-MOST:]],
        "medicines": [_course(c, chart.today) for c in courses[:MOST]],
        "results": days[-MOST:],
        "left_out": max(0, len(shown) - MOST) + max(0, len(courses) - MOST) + max(0, len(days) - MOST),
    }


def _start(visits: list[Fact], today: date) -> date:
    usual = months_before(today, MONTHS)
    known = [f.when.date for f in visits[-VISITS:] if f.when]
    return min([usual, *known[:1]])


def _end(course: Course, today: date) -> date:
    if course.state in ("current", "held"):
        return today
    return course.renewed.date if course.renewed else today


def _dated(fact: Fact) -> dict[str, Any]:
    cell = next((fact.cells[role] for role in ("name", "value") if role in fact.cells), None)
    return {
        "fact": fact.id,
        "reference": fact.citation,
        "path": cell.path if cell else None,
        "name": fact.name,
        "when": fact.when.text if fact.when else None,
    }


def _course(course: Course, today: date) -> dict[str, Any]:
    return {
        **_dated(course.last),
        "name": course.last.name,
        "state": course.state,
        "from": course.started.text if course.started else None,
        "to": _end(course, today).isoformat(),
    }


def _days(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """One line for each day, with how much of what was measured."""
    by_day: dict[date, list[Fact]] = {}
    for fact in facts:
        if fact.when:
            by_day.setdefault(fact.when.date, []).append(fact)
    found = []
    for _, of_day in sorted(by_day.items()):
        kinds = Counter(_KINDS[fact.kind] for fact in of_day)
        found.append({**_dated(of_day[0]), "counts": dict(sorted(kinds.items()))})
    return found
