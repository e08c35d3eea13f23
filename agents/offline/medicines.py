"""Medicines: in use, on hold, without a dose, twice, and those that nobody renewed or ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from agents.offline.words import chunks, listing, say_course, say_dose
from agents.reasoner import Material
from chart.courses import Course
from claims.claim import Claim
from claims.sentence import Sentence

Number = Callable[[], str]


def medicines(m: Material, number: Number) -> tuple[Claim, ...]:
    """Every course that the record does not call over, each named once."""
    courses = m.appraisal.courses
    claims = [_in_use(m, group, number()) for group in chunks([c for c in courses if c.state == "current"])]
    for group in chunks([c for c in courses if c.state == "held"]):
        s = Sentence(m.appraisal).say("On hold: ")
        listing(s, group, lambda c, s=s: say_course(s, c).cite(c.last, "status"))  # type: ignore[misc]
        claims.append(s.claim(number(), salience=2))
    claims.extend(_undosed(m, number))
    claims.extend(_twice(m, number))
    for group in chunks([c for c in courses if c.state == "stale"]):
        s = Sentence(m.appraisal).say("Ordered before death: " if m.appraisal.chart.deceased else "Stale, ask: ")
        claims.append(listing(s, group, partial(_since, s)).claim(number(), salience=3))
    claims.extend(_finished_still_active(m, number))
    if not courses and (look := m.looked_at("MedicationRequest")):
        claims.append(Sentence(m.appraisal).absent("None ordered.", look, "kind:medication").claim(number()))
    return tuple(claims)


def _in_use(m: Material, group: Sequence[Course], claim_id: str) -> Claim:
    s = Sentence(m.appraisal).say("In use: ")
    listing(s, group, lambda c: say_dose(say_course(s, c), c))
    newest = max((c for c in group if c.renewed), key=lambda c: c.renewed.start if c.renewed else 0, default=None)
    if newest:
        s.say(" (last renewed ").date(newest.last).say(")")
    return s.claim(claim_id, salience=2)


def _since(s: Sentence, course: Course) -> None:
    say_course(s, course)
    if course.last.when:
        s.say(" (").date(course.last).say(")")


def _twice(m: Material, number: Number) -> list[Claim]:
    """One ingredient in two courses, unless the sentence on blood pressure asks already."""
    treating = {id(c) for f in m.appraisal.of("uncontrolled") if f.key == "blood_pressure" for c in f.courses}
    claims = []
    for finding in m.appraisal.of("duplicate_course"):
        if not any(id(c) in treating for c in finding.courses):
            s = Sentence(m.appraisal).say("Twice in use: ")
            listing(s, finding.courses, partial(say_course, s), last=" and ").say(": duplicate, or both meant?")
            claims.append(s.claim(number(), salience=2))
    return claims


def _undosed(m: Material, number: Number) -> list[Claim]:
    look = m.looked_at("MedicationRequest")
    undosed = [f.courses[0] for f in m.appraisal.of("undosed_course")]
    claims = []
    for group in chunks(undosed if look else []):
        s = Sentence(m.appraisal).absent(
            "No dose or timing recorded: ", look or "", *(f"dosage:{c.last.id}" for c in group)
        )
        claims.append(listing(s, group, partial(say_course, s)).claim(number(), salience=3))
    return claims


def _finished_still_active(m: Material, number: Number) -> list[Claim]:
    """Orders that are called active and have ended by their own dates, each named once: nothing is unaccounted for."""
    over = [c for c in m.appraisal.courses if c.state == "finished" and c.active]
    claims = []
    for group in chunks(over):
        s = Sentence(m.appraisal).say("Ended by their own dates, still called active: ")
        listing(s, group, partial(_until, s))
        claims.append(s.claim(number(), salience=4))
    return claims


def _until(s: Sentence, course: Course) -> Sentence:
    return say_course(s, course).say(" (until ").date(course.last, "ended").say(")")
