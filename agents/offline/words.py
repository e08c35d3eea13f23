"""Phrases shared by the offline drafts: dates, lists, courses and problems in a clinician's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from agents.reasoner import Material
from chart.concept import plain_name
from chart.courses import Course
from chart.fact import Fact
from chart.measurement import Measurement
from chart.problems import Problem
from chart.series import Point
from claims.claim import Claim
from claims.sentence import Sentence

T = TypeVar("T")
MAX_LIST = 12
"""So many names in one sentence; more are put into another."""
WIDEST = 900
"""So many characters of names, where they may be long."""


def measurement(material: Material, point: Point) -> Measurement:
    """What a point measures."""
    found = material.appraisal.table.measured_by(point.fact)
    if found is None:  # pragma: no cover - points only exist for measurements of the table
        raise LookupError("A point without a measurement.")
    return found


def printed(claims: Iterable[Claim], material: Material) -> frozenset[str]:
    """Ids of the results whose value some sentences print: no other sentence of the page prints it again."""
    by_id = material.appraisal.chart.by_id
    return frozenset(
        cited.fact
        for claim in claims
        for cited in claim.citations
        if (cell := by_id[cited.fact].cells.get("value")) and cell.path == cited.path
    )


def partner_of(material: Material, point: Point) -> Point | None:
    """The diastolic value of a systolic one, of the same moment."""
    below = material.appraisal.series.get("diastolic")
    if below is None or measurement(material, point).key != "systolic":
        return None
    return next((p for p in below.trusted if p.when.start == point.when.start), None)


def say_value(sentence: Sentence, material: Material, point: Point) -> Sentence:
    """A measured value with its date; a blood pressure as one reading."""
    below = partner_of(material, point)
    if below is None:
        return sentence.measured(point, measurement(material, point))
    sentence.name(point.fact, "BP").say(" ").number(point, measurement(material, point), unit=False).say("/")
    return sentence.measured(below, measurement(material, below), named=False)


def listing(
    sentence: Sentence, items: Sequence[T], say: Callable[[T], object], *, last: str = ", ", between: str = ", "
) -> Sentence:
    """Say items one after another; items that hold commas themselves are parted by something stronger."""
    for index, item in enumerate(items):
        if index:
            sentence.say(last if index == len(items) - 1 else between)
        say(item)
    return sentence


def say_course(sentence: Sentence, course: Course) -> Sentence:
    """Name a medicine: what it is, with the words of its speaking order behind it."""
    return sentence.name(course.last, course.drug.short)


def say_open_course(sentence: Sentence, course: Course) -> Sentence:
    """Name a medicine that may be on hold, and say so where it is."""
    say_course(sentence, course)
    if course.last.status == "on-hold":
        sentence.say(" (on hold)").cite(course.last, "status")
    return sentence


def say_dose(sentence: Sentence, course: Course) -> Sentence:
    """How often it is taken, where the order says so in a way that can be repeated."""
    order = course.last
    cells = order.cells
    if "several_dosages" in order.tags:
        return sentence
    if "as_needed" in order.tags:
        return sentence.say(" as needed").cite(order, "as_needed", "dosage")
    frequency, period, unit = cells.get("frequency"), cells.get("period"), cells.get("period_unit")
    if frequency and period and unit and unit.text == "d" and float(period.text) == 1:
        words = {"1": " daily", "2": " twice daily", "3": " three times daily", "4": " four times daily"}
        if frequency.text in words:
            return sentence.say(words[frequency.text]).cite(order, "frequency", "period", "period_unit")
    return sentence


def say_problem(sentence: Sentence, problem: Problem) -> Sentence:
    """Name a problem with the year it began."""
    return _named_with_year(sentence, problem.facts[0], problem.name)


def say_problem_fact(sentence: Sentence, fact: Fact) -> Sentence:
    """Name a fact, without its terminology's suffix, with the year it began."""
    return _named_with_year(sentence, fact, plain_name(fact.name))


def _named_with_year(sentence: Sentence, fact: Fact, words: str) -> Sentence:
    sentence.name(fact, words)
    if fact.when:
        sentence.say(" (").year(fact).say(")")
    return sentence


def chunks(items: Sequence[T], size: int = MAX_LIST, *, width: Callable[[T], int] | None = None) -> list[Sequence[T]]:
    """Items in groups that fit one sentence each: so many, and with `width` no more than `WIDEST` characters."""
    if width is None:
        return [items[i : i + size] for i in range(0, len(items), size)]
    groups: list[list[T]] = []
    room = 0
    for item in items:
        wide = width(item)
        if not groups or len(groups[-1]) == size or wide > room:
            groups.append([])
            room = WIDEST
        groups[-1].append(item)
        room -= wide
    return list(groups)
