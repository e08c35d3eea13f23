"""The first lines: who it is and when last seen, a limit of treatment, and a child's growth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from agents.offline.growth import growth
from agents.reasoner import Material
from chart.concept import plain_name
from chart.fact import Fact
from chart.moment import months_before, parse_moment
from claims.claim import Claim
from claims.sentence import Sentence

Number = Callable[[], str]
INFANT = 2
"""Years; below, the age is said in months."""
_CAUSE_OF_DEATH = frozenset({"69453-9", "79378-6"})
"""LOINC codes of a certified cause of death."""


def who(m: Material, number: Number, told: AbstractSet[str]) -> tuple[Claim, ...]:
    """Who it is in one line, then what is read before anything else; ``told``: results that stand on top."""
    return (_person(m, number()), *_code_status(m, number), *_pregnant(m, number), *growth(m, number, told))


def _person(m: Material, claim_id: str) -> Claim:
    """Name, age and last contact in one sentence: none of it says how the patient is, so it takes one line."""
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
        _cause(s, m)
    _contact(s, m)
    return s.claim(claim_id, salience=1)


def _cause(s: Sentence, m: Material) -> None:
    certified = [
        f for f in m.appraisal.chart.facts if isinstance(f.value, str) and {c.code for c in f.codes} & _CAUSE_OF_DEATH
    ]
    if certified:
        last = certified[-1]
        s.say(f" (certified: {plain_name(str(last.value))})").cite(last, "value", "name")


def _code_status(m: Material, number: Number) -> list[Claim]:
    """A limit of treatment is read before anything else; the last entry that speaks of one."""
    entries = [f for p in m.appraisal.problems if p.listed == "directive" for f in p.facts]
    if not entries:
        return []
    last = max(entries, key=lambda f: f.when.start.timestamp() if f.when else 0.0)
    s = Sentence(m.appraisal).say("CODE STATUS: ").name(last, plain_name(last.name))
    if last.when:
        s.say(" (").date(last).say(")")
    return [s.claim(number(), salience=1)]


def _pregnant(m: Material, number: Number) -> list[Claim]:
    """A pregnancy under way, with its weeks where something dates it."""
    found = m.appraisal.pregnancy
    if found is None:
        return []
    s = Sentence(m.appraisal).say("PREGNANT")
    if found.weeks is not None:
        s.say(": ").calculate("gestational_weeks", [found.fact]).say(" weeks")
    s.say(" by ").name(found.fact, plain_name(found.fact.name))
    due = parse_moment(found.fact.value) if isinstance(found.fact.value, str) else None
    s.say(f" {due.words()}" if due else "").cite(found.fact, "value")
    s.say(" (recorded ").date(found.fact).say(")")
    return [s.claim(number(), salience=1)]


def _contact(s: Sentence, m: Material) -> None:
    chart = m.appraisal.chart
    visits = [f for f in chart.of("encounter") if "reason" not in f.tags and f.status != "planned" and f.when]
    if visits:
        _last_visit(s, m, visits)
    elif planned := chart.of("encounter"):
        s.say(" · only planned visits on record: ").name(planned[-1], plain_name(planned[-1].name))
        s.say(" (").date(planned[-1]).say(")")
    elif look := m.looked_at("Encounter"):
        s.absent(" · no visit on record", look, "kind:encounter")


def _last_visit(s: Sentence, m: Material, visits: Sequence[Fact]) -> None:
    last = visits[-1]
    s.say(" · last contact ").date(last).say(" (").name(last, plain_name(last.name))
    if not m.appraisal.chart.deceased:
        s.say(", ").calculate("days_since", [last]).say(" days ago")
    s.say(")")
    since = months_before(m.appraisal.chart.today, 12)
    recent = [v for v in visits if v.when and v.when.date >= since]
    if recent:
        s.say(" · ").calculate("count", recent).say(f" visit{'s' if len(recent) > 1 else ''} in twelve months")
        urgent = [v for v in recent if v.tags & {"emergency", "inpatient"}]
        if urgent:
            s.say(", ").calculate("count", urgent).say(" as emergency or in hospital").cite(urgent[-1], "class")
