"""What came and went in a window: medicines, problems, and what was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agents.offline.words import chunks, listing, say_course
from agents.reasoner import Material
from chart.comparison import Comparison
from chart.concept import plain_name
from chart.courses import CourseChange, is_live
from chart.fact import Fact
from claims.claim import Claim
from claims.sentence import Sentence

Number = Callable[[], str]
_ENDED = {"stopped": "stopped", "completed": "completed", "on-hold": "put on hold", "cancelled": "cancelled"}


def came_and_went(m: Material, found: Comparison, number: Number) -> list[Claim]:
    """Medicines, procedures and problems of the window, each kind in one sentence."""
    return [*_medicines(m, found, number), *_done(m, found, number), *_problems(m, found, number)]


def _medicines(m: Material, found: Comparison, number: Number) -> list[Claim]:
    if not m.appraisal.courses:
        return []
    s = Sentence(m.appraisal).say("Medicines: ")
    if found.courses:
        listing(s, found.courses[:8], lambda c: _course_change(s, c), last="; ", between="; ")
        return [s.claim(number(), salience=2)]
    renewed = [
        o
        for c in m.appraisal.courses
        for o in c.orders
        if o.when and o.when.date >= found.year.start and o.status in ("active", "completed", "unknown")
    ]
    if not renewed:
        return []
    s.say("only renewals (").calculate("count", renewed).say(f" order{'s' if len(renewed) > 1 else ''})")
    return [s.claim(number(), salience=3)]


def _course_change(s: Sentence, change: CourseChange) -> None:
    # What ended is said in the order's own word; one that is still called active is over by its own dates.
    ended = _ENDED.get(change.order.status, "ended")
    lasting = change.what in ("started", "changed")
    s.say(f"{change.what if lasting else ended if change.what == 'stopped' else 'a course of'} ")
    if change.before:
        say_course(s, change.before).say(" → ")
    say_course(s, change.course).say(" (").date(change.order)
    if change.what == "finished":
        s.say(f"; {ended}")
    elif lasting and change.order.status == "on-hold":
        s.say("; on hold")
    elif lasting and not is_live(change.order) and change.order.status != "completed":
        s.say(f"; that order {change.order.status}")
    s.say(")").cite(change.order, "status")


def _done(m: Material, found: Comparison, number: Number) -> list[Claim]:
    """Procedures of the window; whether their result is in the chart stands with what asks for it."""
    some = _latest_of_name(found.procedures)[-8:]
    if not some:
        return []
    s = Sentence(m.appraisal).say("Done: ")
    listing(s, some, lambda f: _dated(s, f, "when", m.appraisal.book.called(plain_name(f.name))))
    return [s.claim(number(), salience=3)]


def _problems(m: Material, found: Comparison, number: Number) -> list[Claim]:
    claims = []
    limits = {f.id for p in m.appraisal.problems if p.listed == "directive" for f in p.facts}
    for facts, words, role in (
        ([f for f in found.new_problems if f.id not in limits], "New problems: ", "when"),
        (found.resolved_problems, "Resolved: ", "ended"),
    ):
        for group in chunks(_latest_of_name(facts), 8)[:1]:
            s = Sentence(m.appraisal).say(words)
            listing(s, group, lambda f, s=s, role=role: _dated(s, f, role))  # type: ignore[misc]
            claims.append(s.claim(number(), salience=3))
    return claims


def _dated(s: Sentence, fact: Fact, role: str, words: str = "") -> None:
    s.name(fact, words or plain_name(fact.name)).say(" (").date(fact, role).say(")").cite(fact, "status")


def _latest_of_name(facts: Sequence[Fact]) -> list[Fact]:
    return list({plain_name(f.name).lower(): f for f in facts}.values())
