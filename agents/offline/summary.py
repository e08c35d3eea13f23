"""The summary draft: who, allergies, act first, problems with their state, medicines, what not to rely on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

from agents.offline.act_first import act_first, also_found
from agents.offline.doubts import doubts
from agents.offline.suggestions import DUE
from agents.offline.words import chunks, listing, measurement, say_course, say_dose, say_problem
from agents.reasoner import Material
from chart.appraisal import ADULT
from chart.courses import Course
from chart.fact import Fact
from chart.finding import Finding
from chart.moment import months_before
from chart.notes import denies_allergies
from chart.problems import Problem, plain_name
from chart.series import Point
from claims.claim import Claim, Draft, Section
from claims.sentence import OLD_DAYS, Sentence

Number = Callable[[], str]


def summary(material: Material) -> Draft:
    """One page of a chart, in the order that a clinician reads."""
    ids = count(1)

    def number() -> str:
        return f"s{next(ids)}"

    sections = (
        Section(title="Who", claims=_who(material, number)),
        Section(title="Allergies", claims=_allergies(material, number)),
        Section(title="Act on / verify first", claims=act_first(material, number)),
        Section(title="Also found", claims=also_found(material, number)),
        Section(title="Active problems", claims=_problems(material, number)),
        Section(title="Medicines", claims=_medicines(material, number)),
        Section(title=DUE, claims=_gaps(material, number)),
        Section(title="Do not rely on", claims=doubts(material, number)),
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
    if chart.age is not None:
        s.calculate("age", [chart.patient]).say(" y · ")
    s.say("born ").date(chart.patient) if "birth" in chart.patient.cells else s.say("birth date unknown")
    s.cite(chart.patient, "birth")
    if chart.deceased:
        s.say(" · died ").date(chart.patient, "ended").cite(chart.patient, "deceased")
    claims = [s.claim(number(), salience=1)]
    growth = _growth(m, number)
    claims.extend(growth)
    visits = [f for f in chart.of("encounter") if "reason" not in f.tags and f.status != "planned"]
    if visits:
        claims.append(_contact(m, visits, number()))
    elif look := m.looked_at("Encounter"):
        claims.append(
            Sentence(m.appraisal).absent("No visit on record.", look, "kind:encounter").claim(number(), salience=2)
        )
    return tuple(claims)


_GROWTH = ("weight", "height", "head_circumference")
_PERCENTILES = frozenset({"59576-9", "77606-2", "8336-0", "59575-1"})
_PERCENTILE_WORDS = "percentile for age and sex"


def _growth(m: Material, number: Number) -> list[Claim]:
    """A child's last measures, with the percentiles that the record itself has; none are computed."""
    chart = m.appraisal.chart
    if chart.age is None or chart.age >= ADULT or chart.deceased:
        return []
    measured = [one.latest for k in _GROWTH if (one := m.appraisal.series.get(k)) and one.latest]
    # An old head circumference of a schoolchild says nothing any more.
    points = [p for p in measured if (chart.today - p.day).days <= OLD_DAYS]
    if not points:
        return []
    s = Sentence(m.appraisal).say("Growth: ")
    listing(s, points, lambda p: s.measured(p, measurement(m, p)))
    percentiles = [f for f in chart.of("vital", "lab", "other") if any(c.code in _PERCENTILES for c in f.codes)]
    if percentiles:
        last = percentiles[-1]
        s.say(", ").name(last, _PERCENTILE_WORDS).say(f" {last.value} %").cite(last, "value", "unit").say(" (").date(
            last
        )
        s.say(")")
    return [s.claim(number(), salience=2)]


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


def _allergies(m: Material, number: Number) -> tuple[Claim, ...]:
    chart = m.appraisal.chart
    known = [f for f in chart.of("allergy") if not f.tags & {"negated", "none_known"}]
    stated_none = [f for f in chart.of("allergy") if "none_known" in f.tags and "negated" not in f.tags]
    claims = []
    if known:
        s = Sentence(m.appraisal).say("ALLERGY: ")
        listing(s, known, lambda f: _allergy(s, f))
        for denial in stated_none:
            s.say("; the list also says ").name(denial, f"“{denial.name}”").say(": contradicts itself")
        _note_denial(s, m)
        claims.append(s.claim(number(), salience=1))
    elif stated_none:
        claims.append(
            Sentence(m.appraisal).say("Allergies: ").name(stated_none[0]).say(" (coded).").claim(number(), salience=1)
        )
    elif look := m.looked_at("AllergyIntolerance"):
        s = Sentence(m.appraisal).absent("Allergies: none coded", look, "kind:allergy")
        plan = next((f for f in chart.of("care_plan") if "allergy" in f.name.lower() and f.status == "active"), None)
        if plan:
            s.say("; but an active care plan has ").name(plan).say(" (").date(plan).say(")")
        _quote_none(s, m)
        claims.append(s.say(": ask.").claim(number(), kind="absence", salience=1))
    return tuple(claims)


def _allergy(s: Sentence, fact: Fact) -> None:
    s.name(fact)
    details = [r for r in ("reaction", "criticality") if r in fact.cells]
    s.say(" (")
    for role in details:
        s.say(f"{'criticality ' if role == 'criticality' else ''}{fact.cells[role].text}, ").cite(fact, role)
    s.say("entered ").year(fact).say(")") if fact.when else s.say("date unknown)")


def _note_denial(s: Sentence, m: Material) -> None:
    conflict = next(iter(m.appraisal.of("allergy_conflict")), None)
    if conflict is None:
        return
    note = next(n for n in m.appraisal.chart.notes if n.fact is conflict.facts[0])
    s.say(" — but the note of ").date(note.fact).say(" says ").quote(note.fact, note.path, conflict.words["quote"]).say(
        ": confirm"
    )


def _quote_none(s: Sentence, m: Material) -> None:
    notes = m.appraisal.chart.notes
    if notes and (words := denies_allergies(notes[-1].text)):
        s.say("; the last note (").date(notes[-1].fact).say(") says ").quote(notes[-1].fact, notes[-1].path, words)


def _problems(m: Material, number: Number) -> tuple[Claim, ...]:
    by_class: dict[str, list[Problem]] = {}
    for problem in m.appraisal.problems:
        by_class.setdefault(problem.listed, []).append(problem)
    shown_on_top = {p.fact.id for f in m.appraisal.act_first for p in (*f.points, *f.others)}
    shown_on_top |= {p.fact.id for problem in by_class.get("not_borne_out", ()) for p in problem.because}
    claims, plain = [], []
    for problem in by_class.get("active", ()):
        points = [p for p in problem.shows if p.fact.id not in shown_on_top]
        if points:
            claims.append(_problem_state(m, problem, points, number()))
        else:
            plain.append(problem)
    for group in chunks(plain):
        s = Sentence(m.appraisal).say("Also active: " if claims else "Active: ")
        claims.append(listing(s, group, partial(say_problem, s)).claim(number(), salience=3))
    claims.extend(_not_borne_out(m, by_class.get("not_borne_out", ()), number))
    for listed, words in (
        ("superseded", "Superseded by a later diagnosis: "),
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


def _problem_state(m: Material, problem: Problem, points: Sequence[Point], claim_id: str) -> Claim:
    s = say_problem(Sentence(m.appraisal), problem).say(": ")
    listing(s, points[:2], lambda p: s.measured(p, measurement(m, p)))
    if points[0].doubt:
        s.say(", not relied on")
    return s.claim(claim_id, salience=2)


def _not_borne_out(m: Material, problems: Sequence[Problem], number: Number) -> list[Claim]:
    """Problems that the same values contradict share them, so that no result is read twice."""
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        groups.setdefault(tuple(p.fact.id for p in problem.because), []).append(problem)
    claims = []
    for some in chunks(list(groups.values()), 4):
        s = Sentence(m.appraisal).say("Listed but not borne out: ")

        def say(same: list[Problem], s: Sentence = s) -> None:
            listing(s, same, partial(say_problem, s), last=" and ").say(": ")
            listing(s, same[0].because, lambda p: s.measured(p, measurement(m, p)))

        claims.append(listing(s, some, say, last="; ").claim(number(), salience=3))
    return claims


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
    for group in chunks([c for c in courses if c.state == "stale"]):
        s = Sentence(m.appraisal).say("Stale, ask: ")

        def say_stale(course: Course, s: Sentence = s) -> None:
            say_course(s, course)
            if course.last.when:
                s.say(" (").date(course.last).say(")")

        claims.append(listing(s, group, say_stale).claim(number(), salience=3))
    claims.extend(_finished_still_active(m, number))
    if not courses and (look := m.looked_at("MedicationRequest")):
        claims.append(Sentence(m.appraisal).absent("Medicines: none ordered.", look, "kind:medication").claim(number()))
    return tuple(claims)


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


def _gaps(m: Material, number: Number) -> tuple[Claim, ...]:
    """Results that should have been repeated, and what a problem asks for and the chart nowhere has."""
    claims = []
    for finding in m.appraisal.of("preliminary"):
        for some in chunks(finding.facts, 6):
            s = Sentence(m.appraisal).say("Not final: ")
            listing(s, some, lambda f, s=s: _unfinished(s, f, m))  # type: ignore[misc]
            claims.append(s.claim(number(), salience=2))
    for some_overdue in chunks(m.appraisal.of("overdue"), 6):
        s = Sentence(m.appraisal).say("Last done long ago: ")
        listing(s, some_overdue, lambda f, s=s: _last_done(s, f))  # type: ignore[misc]
        claims.append(s.claim(number(), salience=3))
    results = m.looked_at("Observation")
    for group in chunks(m.appraisal.of("unrepeated") if results else (), 4):
        s = Sentence(m.appraisal).say("Far off when last measured: ")
        points = [f.points[0] for f in group]
        listing(s, points, lambda p, s=s: s.measured(p, measurement(m, p)))  # type: ignore[misc]
        s.absent("; none since", results or "", *(f"later:{p.fact.id}" for p in points))
        claims.append(s.claim(number(), salience=2))
    missing = m.appraisal.of("never_recorded")
    look = m.looked_at("Procedure") if m.looked_at("Observation") else None
    named = [f for f in missing if not f.words["looked_for"].startswith("measurement:")]
    if named and look:
        what = [f"named:{f.words['looked_for']}" for f in named]
        s = Sentence(m.appraisal).absent(f"No record of {', '.join(f.key for f in named)}", look, *what)
        claims.append(s.say(".").claim(number(), kind="absence", salience=3))
    measured = [f for f in missing if f.words["looked_for"].startswith("measurement:")]
    if measured and results:
        s = Sentence(m.appraisal).absent(
            f"Never measured: {', '.join(f.key for f in measured)}", results, *(f.words["looked_for"] for f in measured)
        )
        claims.append(s.say(".").claim(number(), kind="absence", salience=3))
    return tuple(claims)


def _unfinished(s: Sentence, fact: Fact, m: Material) -> None:
    """A result that is not final, with its value where it has one."""
    point = next((p for x in m.appraisal.series.values() for p in x.points if p.fact is fact), None)
    if point:
        s.measured(point, measurement(m, point)).say(" ")
    else:
        s.name(fact).say(" ")
        if fact.value is not None:
            s.say(str(fact.value)).say(" ").cite(fact, "value")
        s.say("(").date(fact).say(") ")
    s.say(f"{'pending, ' if fact.value is None else ''}{fact.status}").cite(fact, "status")


def _last_done(s: Sentence, finding: Finding) -> None:
    fact = finding.facts[0]
    s.say(f"{finding.key}: ").name(fact, plain_name(fact.name)).say(" (").date(fact).say(")")
