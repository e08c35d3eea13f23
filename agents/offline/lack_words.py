"""The words of what is missing: therapy after an event, monitoring, repeats, rescue drugs, an end to a risky order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agents.offline.allergies import allergen
from agents.offline.words import listing, measurement, say_course, say_problem
from agents.reasoner import Material
from chart.concept import plain_name
from chart.courses import Course
from chart.finding import Finding
from claims.sentence import Sentence


def _missing_therapy(s: Sentence, f: Finding, m: Material) -> None:
    problem = f.problems[0]
    s.name(problem.facts[0], problem.name)
    if problem.facts[0].when:
        s.say(" (").date(problem.facts[0]).say(")")
    rule = f.words["classes"].split(",")
    look = m.looked_at("MedicationRequest")
    if look:
        kind = "current_class" if f.courses else "class"
        s.absent(
            f" and no {f.words['therapy']}{' in use' if f.courses else ' in the chart'}",
            look,
            *(f"{kind}:{c}" for c in rule),
        )
    else:
        s.say(": the therapy after it is open, because orders could be read only in part")
    if f.courses:
        past = f.courses[0]
        s.say("; ")
        say_course(s, past)
        s.say(" was ordered ").date(past.last).say(", ").say(past.last.status).cite(past.last, "status")
    if f.points:
        values = f.points[-4:]
        what = measurement(m, values[-1])
        s.say("; ").name(values[-1].fact, what.name).say(" ")
        if len(values) > 1:
            s.number(values[0], what, unit=False).say(" (").year(values[0].fact).say(") → ")
        s.number(values[-1], what).say(" (").date(values[-1].fact).say(")")
    s.say(". Why?")


def _unmonitored(s: Sentence, f: Finding, m: Material) -> None:
    courses: list[Course] = list(f.courses)
    listing(s, courses, lambda c: say_course(s, c), last=" and ")
    names = [m.appraisal.table.by_key[k].name for k in f.words["measurements"].split(",")]
    keys = f.words["measurements"].split(",")
    words = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
    if f.words.get("never"):
        look = m.looked_at("Observation")
        if look:
            s.say(" in use, and ").absent(
                f"no {words} anywhere in the chart", look, *(f"measurement:{k}" for k in keys)
            )
        else:
            s.say(" in use; its monitoring could be looked for only in part")
    else:
        s.say(" in use; last ")
        listing(s, f.points, lambda p: s.measured(p, measurement(m, p)))
        s.say(": monitoring is overdue")
    s.say(".")


def _lapsed(s: Sentence, f: Finding, m: Material) -> None:
    course = f.courses[0]
    say_course(s, course).say(" last ordered ").date(course.last).cite(course.last, "status")
    s.say(", with an allergy to " if course.active else f", {course.last.status}, with an allergy to ")
    listing(s, f.facts, lambda a: s.name(a, allergen(a)), last=" and ")
    s.say(": is one in date at hand?")


def _risky_stale(s: Sentence, f: Finding, m: Material) -> None:
    first = f.courses[0]
    listing(s, f.courses, lambda c: say_course(s, c), last=" and ")
    s.say(" still listed as active since ").date(first.last).cite(first.last, "status")
    for fact in f.facts:
        s.say("; ").name(fact, plain_name(fact.name)).say(" (")
        if fact.when:
            s.date(fact).say(", ")
        s.say(f"{fact.status})").cite(fact, "status")
    s.say(": is it given?")


def _as_needed(s: Sentence, f: Finding, m: Material) -> None:
    course = f.courses[0]
    say_course(s, course).say(" is ordered as needed only (").date(course.last).cite(course.last, "as_needed", "dosage")
    s.say(") with ")
    say_problem(s, f.problems[0]).say(": meant? It controls only when taken regularly.")


def _unrepeated(s: Sentence, f: Finding, m: Material) -> None:
    point = f.points[-1]
    s.measured(point, measurement(m, point))
    if look := m.looked_at("Observation"):
        s.absent(", none since", look, f"later:{point.fact.id}")
    s.say(": measure again.")


def _overdue(s: Sentence, f: Finding, m: Material) -> None:
    fact = f.facts[0]
    s.name(fact, f.key[:1].upper() + f.key[1:]).say(" last done ").date(fact)
    for problem in f.problems:
        s.say(", with ")
        say_problem(s, problem)
    s.say(": due?")


def _never(s: Sentence, f: Finding, m: Material) -> None:
    listing(s, f.problems, lambda p: say_problem(s, p), last=" and ")
    kind = "Observation" if f.words["looked_for"].startswith("measurement:") else "Procedure"
    what = f.words["looked_for"] if kind == "Observation" else f"named:{f.words['looked_for']}"
    if look := m.looked_at(kind):
        s.absent(f", and no {f.key} anywhere in the chart.", look, what)
    else:
        s.say(f"; {f.key} could be looked for only in part.")


WORDS: Mapping[str, Callable[[Sentence, Finding, Material], None]] = {
    "missing_therapy": _missing_therapy,
    "missing_basic": _missing_therapy,
    "unmonitored": _unmonitored,
    "lapsed": _lapsed,
    "risky_stale": _risky_stale,
    "as_needed": _as_needed,
    "unrepeated": _unrepeated,
    "overdue": _overdue,
    "never_recorded": _never,
}
