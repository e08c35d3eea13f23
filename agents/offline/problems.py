"""Active problems, each with the value that shows its state, and what of the list is no active problem any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from agents.offline.words import chunks, listing, measurement, partner_of, printed, say_problem, say_value
from agents.reasoner import Material
from chart.moment import months_before
from chart.problems import Problem
from chart.series import Point
from claims.claim import Claim
from claims.sentence import Sentence

Number = Callable[[], str]


def problems(m: Material, number: Number, told: AbstractSet[str]) -> tuple[Claim, ...]:
    """The problem list in classes.

    Args:
        m: the chart.
        number: gives the next claim id.
        told: results whose value stands elsewhere on the page; a problem whose values all do is named without them.
    """
    by_class: dict[str, list[Problem]] = {}
    for problem in m.appraisal.problems:
        by_class.setdefault(problem.listed, []).append(problem)
    denied = _not_borne_out(m, by_class.get("not_borne_out", ()), number, told)
    told = told | printed(denied, m)
    claims: list[Claim] = []
    plain: list[Problem] = []
    above: list[Problem] = []
    for problem in by_class.get("active", ()):
        points = [p for p in problem.shows if p.fact.id not in told]
        if points:
            claims.append(_state(m, problem, points[:2], number(), told))
            told = told | printed(claims[-1:], m)
        else:
            (above if problem.shows else plain).append(problem)
    for some, words in (
        (above, "Also active, results above: "),
        (plain, "Also active: " if claims or above else "Active: "),
    ):
        for group in chunks(some):
            s = Sentence(m.appraisal).say(words)
            claims.append(listing(s, group, partial(say_problem, s)).claim(number(), salience=3))
    claims.extend(denied)
    for listed, words in (
        ("superseded", "Superseded by another diagnosis: "),
        ("folded", "Folded, its parts stand above: "),
        ("past", "Listed as active, but past: "),
        ("social", "Social: "),
    ):
        for group in chunks(by_class.get(listed, [])):
            s = Sentence(m.appraisal).say(words)
            claims.append(listing(s, group, partial(say_problem, s)).claim(number(), salience=4))
    if not claims and (look := m.looked_at("Condition")) and not m.appraisal.chart.of("problem"):
        claims.append(
            Sentence(m.appraisal).absent("Problem list: nothing on it.", look, "kind:problem").claim(number())
        )
    return tuple(claims)


def _state(m: Material, problem: Problem, points: Sequence[Point], claim_id: str, told: AbstractSet[str]) -> Claim:
    s = say_problem(Sentence(m.appraisal), problem).say(": ")
    _value(s, m, points[0])
    _before(s, m, points[0], told)
    for point in points[1:]:
        s.say(", ")
        _value(s, m, point)
    return s.claim(claim_id, salience=2)


def _before(s: Sentence, m: Material, point: Point, told: AbstractSet[str]) -> None:
    """The controlling value of the visit before, so that the state shows which way it goes."""
    what = measurement(m, point)
    earlier = [p for p in m.appraisal.series[what.key].trusted if months_before(point.day, 24) <= p.day < point.day]
    if point.doubt or not earlier or earlier[-1].fact.id in told:
        return
    last = earlier[-1]
    below = partner_of(m, last)
    if (below is None) != (partner_of(m, point) is None):
        return
    s.say(", before ").number(last, what, unit=False)
    if below:
        s.say("/").number(below, measurement(m, below), unit=False)
    s.say(" (").date(last.fact).say(")")


def _value(s: Sentence, m: Material, point: Point) -> None:
    """A value; one that its own sample contradicts is only named, it stands under "Do not rely on"."""
    if point.doubt:
        s.say("last ").name(point.fact, measurement(m, point).name).say(" (").date(point.fact).say(
            ") in doubt, see below"
        )
    else:
        say_value(s, m, point)


def _not_borne_out(m: Material, some: Sequence[Problem], number: Number, told: AbstractSet[str]) -> list[Claim]:
    """Problems that the same values contradict share them, so that no result is read twice."""
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for problem in some:
        groups.setdefault(tuple(p.fact.id for p in problem.because), []).append(problem)
    claims: list[Claim] = []
    for group in chunks(list(groups.values()), 4):
        s = Sentence(m.appraisal, told=told | printed(claims, m)).say("Listed but not borne out: ")

        def say(same: list[Problem], s: Sentence = s) -> None:
            listing(s, same, partial(say_problem, s), last=" and ").say(": ")
            listing(s, same[0].because, partial(_value, s, m))

        claims.append(listing(s, group, say, last="; ", between="; ").claim(number(), salience=3))
    return claims
