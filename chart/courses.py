"""Courses: medication orders folded by ingredient and strength, so that a renewal is not a start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from chart.chart import Chart
from chart.drug import Drug, Drugs
from chart.fact import Fact
from chart.moment import Moment, months_before

CourseState = Literal["current", "held", "stale", "finished"]
"""``held``: on hold for now; ``stale``: an order still called active that nobody renewed for fifteen months."""
STALE_MONTHS = 15
_LIVE = frozenset({"active", "on-hold", "unknown", "intended", "draft", ""})


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """One medicine at one strength over all its orders."""

    drug: Drug
    """What it is."""
    orders: tuple[Fact, ...]
    """Orders and statements, oldest first."""
    state: CourseState
    """At ``as_of``."""

    @property
    def active(self) -> tuple[Fact, ...]:
        """Orders that the record calls active."""
        return tuple(o for o in self.orders if is_live(o))

    @property
    def started(self) -> Moment | None:
        """When the first order was written."""
        return next((o.when for o in self.orders if o.when), None)

    @property
    def renewed(self) -> Moment | None:
        """When the last order was written."""
        return next((o.when for o in reversed(self.orders) if o.when), None)

    @property
    def last(self) -> Fact:
        """The order that speaks for the course: the last active one that is not on hold, else the last."""
        taken = tuple(o for o in self.active if o.status != "on-hold") if self.state != "held" else ()
        return (taken or self.active or self.orders)[-1]

    @property
    def dosed(self) -> bool:
        """Whether the speaking order says how often it is taken."""
        return (
            any(role in self.last.cells for role in ("dosage", "frequency", "timing")) or "as_needed" in self.last.tags
        )


def is_live(order: Fact) -> bool:
    """Whether the record calls the order active; proposals, refused and not-taken ones are not."""
    return order.status in _LIVE - {"draft"} and not order.tags & {"negated", "proposal", "option"}


def build_courses(chart: Chart, table: Drugs) -> tuple[Course, ...]:
    """Fold all orders and statements into courses, current ones first, then by name."""
    groups: dict[str, list[Fact]] = {}
    read: dict[str, Drug] = {}
    for fact in chart.of("medication"):
        if fact.tags & {"negated", "proposal", "option"}:
            continue
        drug = read.get(fact.name) or table.read(fact.name)
        read[fact.name] = drug
        groups.setdefault(drug.key, []).append(fact)
    found = [
        Course(drug=read[orders[0].name], orders=tuple(orders), state=_state(orders, chart.today))
        for orders in groups.values()
    ]
    rank = {"current": 0, "held": 1, "stale": 2, "finished": 3}
    return tuple(sorted(found, key=lambda c: (rank[c.state], c.drug.key)))


def _state(orders: Sequence[Fact], today: date) -> CourseState:
    live = [o for o in orders if is_live(o)]
    if not live:
        return "finished"
    cutoff = months_before(today, STALE_MONTHS)
    # An order that names its own end is over at that end; one without a date cannot be shown to be recent.
    open_ended = [o for o in live if o.ended is None or o.ended.date >= today]
    if not open_ended:
        return "finished"
    if all(o.status == "on-hold" for o in open_ended):
        return "held"
    return "current" if any(o.when and o.when.date >= cutoff for o in open_ended) else "stale"


@dataclass(frozen=True, kw_only=True, slots=True)
class CourseChange:
    """What happened to a course in a window."""

    course: Course
    """The course as it is now."""
    what: Literal["started", "stopped", "changed", "finished"]
    """``changed``: same ingredients, another strength; ``finished``: begun and ended inside the window."""
    order: Fact
    """The order that shows it."""
    before: Course | None = None
    """For ``changed``: the strength before."""


def course_changes(courses: Sequence[Course], since: date) -> tuple[CourseChange, ...]:
    """Courses started, stopped or changed in strength on or after ``since``; renewals are not changes."""
    found = []
    for course in courses:
        first, last = course.started, course.renewed
        if first is None or last is None or last.date < since:
            continue
        if course.state == "held":
            continue
        if course.state != "current":
            short = first.date >= since
            found.append(CourseChange(course=course, what="finished" if short else "stopped", order=course.last))
        elif first.date >= since:
            before = _earlier_strength(course, courses, first)
            found.append(
                CourseChange(
                    course=course, what="changed" if before else "started", order=course.orders[0], before=before
                )
            )
    return tuple(found)


def _earlier_strength(course: Course, courses: Sequence[Course], first: Moment) -> Course | None:
    for other in courses:
        if other is course or other.drug.substances != course.drug.substances or other.state in ("current", "held"):
            continue
        if other.started and other.started.start < first.start:
            return other
    return None
