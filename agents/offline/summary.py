"""The summary draft: who, allergies, act first, problems with their state, medicines, what not to rely on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

from agents.offline.act_first import act_first, also_found
from agents.offline.allergies import allergies
from agents.offline.comparison import moved
from agents.offline.doubts import doubts
from agents.offline.gaps import gaps_of
from agents.offline.growth import growth
from agents.offline.problems import problems
from agents.offline.suggestions import DUE
from agents.offline.words import chunks, listing, printed, say_course, say_dose
from agents.reasoner import Material
from chart.courses import Course
from chart.fact import Fact
from chart.moment import months_before
from chart.problems import plain_name
from claims.claim import Claim, Draft, Section
from claims.sentence import Sentence

Number = Callable[[], str]
_CODE_STATUS = re.compile(
    r"resuscitat|\bDN(A)?R\b|code status|full code|comfort (care|measures)|palliative care only", re.I
)
INFANT = 2
"""Years; below, the age is said in months."""


def summary(material: Material) -> Draft:
    """One page of a chart, in the order that a clinician reads."""
    ids = count(1)

    def number() -> str:
        return f"s{next(ids)}"

    top = act_first(material, number)
    more = also_found(material, number, printed(top, material))
    who = _who(material, number)
    told = printed((*who, *top, *more), material)
    told |= (
        printed(moved(material, lambda: "-", told), material) if "comparison" in material.brief.tasks else frozenset()
    )
    gaps = gaps_of(material, number, told)
    told |= printed(gaps, material)
    sections = (
        Section(title="Who", claims=who),
        Section(title="Allergies", claims=allergies(material, number)),
        Section(title="Act on / verify first", claims=top),
        Section(title="Also found", claims=more),
        Section(title="Active problems", claims=problems(material, number, told)),
        Section(title="Medicines", claims=_medicines(material, number)),
        Section(title=DUE, claims=gaps),
        Section(title="Do not rely on", claims=doubts(material, number, told)),
    )
    return Draft(task="summary", sections=tuple(s for s in sections if s.claims), tainted=material.tainted)


def _who(m: Material, number: Number) -> tuple[Claim, ...]:
    chart = m.appraisal.chart
    s = Sentence(m.appraisal)
    if "family" in chart.patient.cells:
        s.say(f"{chart.patient.cells['family'].text.upper()}, ").cite(chart.patient, "family")
    if "given" in chart.patient.cells:
        s.say(chart.patient.cells["given"].text).cite(chart.patient, "given").say(" · ")
    if "sex" in chart.patient.cells:
        s.say(f"{chart.patient.cells['sex'].text} · ").cite(chart.patient, "sex")
    if chart.age is not None and chart.age < INFANT:
        s.calculate("months_since", [chart.patient]).say(" months · ")
    elif chart.age is not None:
        s.calculate("age", [chart.patient]).say(" y · ")
    s.say("born ").date(chart.patient) if "birth" in chart.patient.cells else s.say("birth date unknown")
    s.cite(chart.patient, "birth")
    if chart.deceased:
        s.say(" · died ").date(chart.patient, "ended").cite(chart.patient, "deceased")
    claims = [s.claim(number(), salience=1)]
    claims.extend(_code_status(m, number))
    claims.extend(growth(m, number))
    visits = [f for f in chart.of("encounter") if "reason" not in f.tags and f.status != "planned" and f.when]
    if visits:
        claims.append(_contact(m, visits, number()))
    elif planned := chart.of("encounter"):
        s = Sentence(m.appraisal).say("Only planned visits on record: ").name(planned[-1], plain_name(planned[-1].name))
        claims.append(s.say(" (").date(planned[-1]).say(")").claim(number(), salience=2))
    elif look := m.looked_at("Encounter"):
        claims.append(
            Sentence(m.appraisal).absent("No visit on record.", look, "kind:encounter").claim(number(), salience=2)
        )
    return tuple(claims)


def _code_status(m: Material, number: Number) -> list[Claim]:
    """A limit of treatment is read before anything else; the last entry that speaks of one."""
    listed = [f for p in m.appraisal.problems if p.listed in ("active", "past") for f in p.facts]
    entries = [f for f in listed if _CODE_STATUS.search(f.name)]
    if not entries:
        return []
    last = max(entries, key=lambda f: f.when.start.timestamp() if f.when else 0.0)
    s = Sentence(m.appraisal).say("CODE STATUS: ").name(last, plain_name(last.name))
    if last.when:
        s.say(" (").date(last).say(")")
    return [s.claim(number(), salience=1)]


def _contact(m: Material, visits: Sequence[Fact], claim_id: str) -> Claim:
    last = visits[-1]
    s = Sentence(m.appraisal).say("Last contact ").date(last).say(" (").name(last, plain_name(last.name))
    if not m.appraisal.chart.deceased:
        s.say(", ").calculate("days_since", [last]).say(" days ago")
    s.say(")")
    since = months_before(m.appraisal.chart.today, 12)
    recent = [v for v in visits if v.when and v.when.date >= since]
    if recent:
        s.say(" · ").calculate("count", recent).say(f" visit{'s' if len(recent) > 1 else ''} in the year to ").date(
            last
        )
        urgent = [v for v in recent if v.tags & {"emergency", "inpatient"}]
        if urgent:
            s.say(", ").calculate("count", urgent).say(" of them as emergency or in hospital").cite(urgent[-1], "class")
    return s.claim(claim_id, salience=2)


def _medicines(m: Material, number: Number) -> tuple[Claim, ...]:
    courses = m.appraisal.courses
    current = [c for c in courses if c.state == "current"]
    claims = []
    for group in chunks(current):
        s = Sentence(m.appraisal).say("In use: ")

        def say(course: Course, s: Sentence = s) -> None:
            say_dose(say_course(s, course), course)

        listing(s, group, say)
        newest = max((c for c in group if c.renewed), key=lambda c: c.renewed.start if c.renewed else 0, default=None)
        if newest:
            s.say(" (last renewed ").date(newest.last).say(")")
        claims.append(s.claim(number(), salience=2))
    for group in chunks([c for c in courses if c.state == "held"]):
        s = Sentence(m.appraisal).say("On hold: ")
        listing(s, group, lambda c, s=s: say_course(s, c).cite(c.last, "status"))  # type: ignore[misc]
        claims.append(s.claim(number(), salience=2))
    claims.extend(_undosed(m, number))
    claims.extend(_twice(m, number))
    for group in chunks([c for c in courses if c.state == "stale"]):
        s = Sentence(m.appraisal).say("Ordered before death: " if m.appraisal.chart.deceased else "Stale, ask: ")

        def say_stale(course: Course, s: Sentence = s) -> None:
            say_course(s, course)
            if course.last.when:
                s.say(" (").date(course.last).say(")")

        claims.append(listing(s, group, say_stale).claim(number(), salience=3))
    claims.extend(_finished_still_active(m, number))
    if not courses and (look := m.looked_at("MedicationRequest")):
        claims.append(Sentence(m.appraisal).absent("None ordered.", look, "kind:medication").claim(number()))
    return tuple(claims)


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
