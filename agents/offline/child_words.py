"""The words of what is particular to a child: doses by weight, and vital signs for the age."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from agents.offline.words import listing, measurement, say_course
from agents.reasoner import Material
from chart.fact import Fact
from chart.finding import Finding
from chart.series import Point
from claims.claim import Operation
from claims.dosing import dosing
from claims.sentence import Sentence

_OLD_WEIGHT = 183
"""Days; a child's older weight is shown with its age."""


def _dose(s: Sentence, f: Finding, m: Material) -> None:
    """What was ordered, for which weight of which day, and the limit that it breaks."""
    course, weight = f.courses[0], f.points[-1]
    side, per = f.words["side"], f.words["per"]
    words = "a dose" if per == "once" else "a day"
    order = course.last
    say_course(s, course).cite(order, "dose", "dose_unit", "frequency", "period", "period_unit").say(": ")
    if side == "most":
        s.calculate(cast("Operation", f"dose_{per}"), [order], places=0).say(f" mg {words}, at most ")
        s.calculate(cast("Operation", f"most_{per}"), [order], places=0).say(" mg for anybody")
    else:
        s.calculate(cast("Operation", f"dose_per_kg_{per}"), [order, weight.fact]).say(f" mg/kg {words} at ")
        _weight(s, m, weight)
        limit, said = ("most", "at most") if side == "over" else ("least", "at least")
        op = cast("Operation", f"{limit}_per_kg_{per}")
        s.say(f", {said} ").calculate(op, [order], places=_places(op, order, m)).say(" mg/kg")
    over = side in ("over", "most")
    s.say(": too much? Check before the next dose." if over else ": too little? Check weight and indication.")


def _places(op: Operation, order: Fact, m: Material) -> int:
    """As many decimals as the table states a limit with."""
    found = dosing(op, [order], m.appraisal)
    return max(0, -int(found[0].normalize().as_tuple().exponent)) if found else 0


def _weight(s: Sentence, m: Material, weight: Point) -> None:
    s.number(weight, measurement(m, weight)).say(" (").date(weight.fact)
    if (m.appraisal.chart.today - weight.day).days > _OLD_WEIGHT:
        s.say(", ").calculate("months_since", [weight.fact]).say(" months ago")
    s.say(")")


def _for_age(s: Sentence, f: Finding, m: Material) -> None:
    """Vital signs outside what is usual at the age, each with the table's limits; a blood pressure as one reading."""
    points = {measurement(m, p).key: p for p in f.points}
    high, low = points.get("systolic"), points.get("diastolic")
    together = high is not None and low is not None and high.when.start == low.when.start
    s.say("Outside the range for the age: ")
    if high and low and together:
        s.name(high.fact, "BP").say(" ").number(high, measurement(m, high), unit=False).say("/")
        s.number(low, measurement(m, low)).cite(low.fact, "name").say(" (").date(high.fact).say("; up to ")
        s.calculate("range_high", [high.fact], places=0).say("/").calculate("range_high", [low.fact], places=0)
        s.say(")")
    others = [p for p in f.points if not (together and p in (high, low))]
    if together and others:
        s.say(", ")
    listing(s, others, lambda p: _beside_range(s, p, m))
    s.say(": measure again.")


def _beside_range(s: Sentence, point: Point, m: Material) -> None:
    what, own = measurement(m, point), m.appraisal.range_of(point.fact)
    s.name(point.fact, what.name).say(" ").number(point, what).say(" (").date(point.fact)
    if own and own.low is not None and own.high is not None:
        s.say("; ").calculate("range_low", [point.fact], places=0).say("–")
        s.calculate("range_high", [point.fact], places=0)
    elif own and own.high is not None:
        s.say("; up to ").calculate("range_high", [point.fact], places=0)
    s.say(")")


WORDS: Mapping[str, Callable[[Sentence, Finding, Material], None]] = {"dose_by_weight": _dose, "for_age": _for_age}
