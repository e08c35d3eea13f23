"""The accounted-for list: every active problem, active order and allergy of the chart, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chart.chart import Chart
from chart.courses import Course, is_live
from chart.fact import Fact
from chart.problems import Problem

As = Literal["current", "stale", "finished", "duplicate", "superseded", "past", "not_borne_out", "social", "folded"]
_OF_CLASS: dict[str, As] = {
    "active": "current",
    "directive": "current",
    "unlisted": "current",
    "not_borne_out": "not_borne_out",
    "superseded": "superseded",
    "past": "past",
    "social": "social",
    "duplicate": "duplicate",
    "folded": "folded",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Accounted:
    """What became of one entry of the chart."""

    fact: Fact
    """The problem, order or allergy."""
    shown_as: As
    """How it is accounted for."""


def account(chart: Chart, problems: Sequence[Problem], courses: Sequence[Course]) -> tuple[Accounted, ...]:
    """One line for each active problem, each order that the record calls active, and each allergy."""
    found: list[Accounted] = []
    for problem in problems:
        if problem.listed == "unlisted":
            continue
        for index, fact in enumerate(problem.facts):
            last = index == len(problem.facts) - 1
            found.append(Accounted(fact=fact, shown_as=_OF_CLASS[problem.listed] if last else "duplicate"))
    for course in courses:
        for order in course.orders:
            if is_live(order):
                found.append(Accounted(fact=order, shown_as=_order_state(course, order)))
    for fact in chart.of("allergy"):
        if not fact.tags & {"negated"}:
            found.append(
                Accounted(fact=fact, shown_as="past" if fact.status in ("inactive", "resolved") else "current")
            )
    return tuple(found)


def _order_state(course: Course, order: Fact) -> As:
    if course.state not in ("current", "held"):
        return "stale" if course.state == "stale" else "finished"
    # Of several orders of one course that are all still called active, the last speaks and the others are renewed away.
    return "current" if order is course.last else "superseded"
