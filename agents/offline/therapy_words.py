"""The words of findings about drugs in use: a result, a reading, another drug or a condition speaks against them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agents.offline.words import listing, measurement, say_course, say_open_course, say_problem
from agents.reasoner import Material
from chart.finding import Finding
from chart.series import Point
from chart.units import shown
from claims.sentence import Sentence


def _contradicts(s: Sentence, f: Finding, m: Material) -> None:
    last = f.points[-1]
    what = measurement(m, last)
    listing(s, f.courses, lambda c: say_course(s, c), last=" and ")
    s.say(" in use (").date(f.courses[0].last).say(")")
    if f.words.get("fell"):
        _fallen(s, f, m)
        return
    if last.doubt is None:
        s.say(" with ").measured(last, what).say(": recheck the value, review the dose.")
        return
    s.say(" with an ").name(last.fact, what.name).say(" that cannot be relied on: ").measured(last, what, named=False)
    if len(f.points) > 1:
        s.say(", the same on ").calculate("count", [p.fact for p in f.points]).say(" results since ").date(
            f.points[0].fact
        )
    _glucose(s, f, m)
    s.say(". Ask about hypoglycaemia; repeat by another method.")


def _fallen(s: Sentence, f: Finding, m: Material) -> None:
    """A value that fell on a drug that may be why."""
    first, last = f.points
    what = measurement(m, last)
    s.say(" with ").name(last.fact, what.name).say(" ")
    if s.knows(last):
        s.say("fallen, ")
    else:
        s.number(first, what, unit=False).say(" (").date(first.fact).say(") → ")
    s.measured(last, what, named=False).say(f"{_pending(last)}: bleeding?").cite(last.fact, "status")


def _pending(point: Point) -> str:
    return ", preliminary" if point.fact.status == "preliminary" else ""


def _glucose(s: Sentence, f: Finding, m: Material) -> None:
    denied = next((x for x in m.appraisal.findings if x.kind == "implausible" and x.key == "hba1c_glucose"), None)
    if f.key != "hba1c" or denied is None:
        return
    near = denied.others[-1]
    s.say("; it implies a mean glucose near ").calculate("implied_glucose", [f.points[-1].fact]).say(
        " mg/dL, measured "
    )
    s.name(near.fact, "glucose").say(" ").number(near, measurement(m, near)).say(" (").date(near.fact).say(")")


def _uncontrolled(s: Sentence, f: Finding, m: Material) -> None:
    if f.key == "blood_pressure":
        _blood_pressure(s, f, m)
        return
    last = f.points[-1]
    what = measurement(m, last)
    s.measured(last, what).say(" on ")
    listing(s, f.courses, lambda c: say_course(s, c), last=" and ")
    s.say(", with ")
    listing(s, f.problems, lambda p: s.name(p.facts[0], p.name), last=" and ")
    if len(f.points) > 3:
        facts = [p.fact for p in f.points]
        s.say("; ").calculate("minimum", facts, places=0).say("–").calculate("maximum", facts, places=0)
        s.say(f" {shown(what.unit)} since ").year(f.points[0].fact)
    s.say(". Is it taken? Review the therapy.")


def _blood_pressure(s: Sentence, f: Finding, m: Material) -> None:
    pairs = list(zip(f.points, f.others, strict=True))
    what = measurement(m, f.points[-1])
    s.say("BP over target")
    if len(pairs) > 1:
        s.say(" on ").calculate("count", [p.fact for p in f.points]).say(" readings running since ").date(
            f.points[0].fact
        )
    s.say(": ")

    def reading(pair: tuple) -> None:  # type: ignore[type-arg]
        systolic, diastolic = pair
        s.number(systolic, what, unit=False).say("/").number(diastolic, measurement(m, diastolic), unit=False)
        s.say(" (").date(systolic.fact).say(")")

    listing(s, list(reversed(pairs[-3:])), reading)
    s.say(". ")
    if f.courses:
        s.say("On ")
        listing(s, f.courses, lambda c: say_course(s, c), last=" and ")
        doubled = {
            n for x in m.appraisal.of("duplicate_course") for n in (x.key,) if any(c in x.courses for c in f.courses)
        }
        if doubled:
            s.say(f"; {', '.join(sorted(doubled))} stands twice: duplicate, or both meant?")
        else:
            s.say(".")
    _absent_classes(s, m, ("ACE inhibitor", "ARB"))


def _absent_classes(s: Sentence, m: Material, classes: tuple[str, ...]) -> None:
    look = m.looked_at("MedicationRequest")
    if look and not any(c.drug.classes & set(classes) for c in m.appraisal.courses):
        s.absent(f" No {' or '.join(classes)} in the chart.", look, *(f"class:{c}" for c in classes))


def _pair(s: Sentence, f: Finding, m: Material) -> None:
    one, other = f.courses
    say_open_course(s, one)
    if one.state == "stale":
        s.say(" still listed as active since ").date(one.last)
    s.say(" with ")
    say_open_course(s, other)
    s.say(
        f" ({f.words['why']}): does the patient take both?"
        if one.state != "stale"
        else f" ({f.words['why']}): is it taken?"
    )


def _avoid(s: Sentence, f: Finding, m: Material) -> None:
    say_course(s, f.courses[0]).say(" in use (").date(f.courses[0].last).say(")")
    if f.problems:
        s.say(" with ")
        say_problem(s, f.problems[0])
    elif f.facts:
        s.say(" in pregnancy").cite(f.facts[0], "name", "when")
    else:
        s.say(" at ").calculate("age", [m.appraisal.chart.patient]).say(" years").cite(
            m.appraisal.chart.patient, "birth"
        )
    s.say(f": usually avoided{' (' + f.words['why'] + ')' if 'why' in f.words else ''}. Still needed?")


WORDS: Mapping[str, Callable[[Sentence, Finding, Material], None]] = {
    "contradicts": _contradicts,
    "uncontrolled": _uncontrolled,
    "avoid": _avoid,
    "pair": _pair,
}
