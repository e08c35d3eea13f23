"""The words of "Act on / verify first": one sentence for each kind of finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from agents.offline.ranking import ranked, top
from agents.offline.words import listing, measurement, printed, say_course, say_open_course, say_problem
from agents.reasoner import Material
from chart.courses import Course
from chart.finding import Finding
from chart.units import shown
from claims.claim import Claim
from claims.sentence import Sentence


def act_first(material: Material, number: Callable[[], str]) -> tuple[Claim, ...]:
    """One claim for each finding on top."""
    claims: list[Claim] = []
    for finding in top(material):
        claims.append(claim_of(finding, material, number(), told=printed(claims, material)))
    return tuple(claims)


def also_found(material: Material, number: Callable[[], str], told: AbstractSet[str]) -> tuple[Claim, ...]:
    """The findings that rank behind the top, each still in its own sentence."""
    shown = top(material)
    claims: list[Claim] = []
    for finding in ranked(material):
        if not any(finding is x for x in shown):
            before = told | printed(claims, material)
            claims.append(claim_of(finding, material, number(), salience=3, told=before))
    return tuple(claims)


def on_top(material: Material) -> frozenset[str]:
    """Results whose value stands on top, or right below it."""
    first = act_first(material, lambda: "-")
    told = printed(first, material)
    return told | printed(also_found(material, lambda: "-", told), material)


def claim_of(
    finding: Finding, material: Material, claim_id: str, *, salience: int = 1, told: AbstractSet[str] = frozenset()
) -> Claim:
    """The sentence of one finding; ``told``: results that a sentence above it already prints."""
    sentence = Sentence(material.appraisal, told=told)
    _WORDS[finding.kind](sentence, finding, material)
    return sentence.claim(claim_id, salience=salience)


def _critical(s: Sentence, f: Finding, m: Material) -> None:
    point = f.points[-1]
    s.say("CRITICAL: ").measured(point, measurement(m, point)).say(". Act now or confirm.")


def _contradicts(s: Sentence, f: Finding, m: Material) -> None:
    last = f.points[-1]
    what = measurement(m, last)
    listing(s, f.courses, lambda c: say_course(s, c), last=" and ")
    s.say(" in use (").date(f.courses[0].last).say(")")
    if last.doubt is None:
        s.say(" with ").measured(last, what).say(": recheck the value, review the dose.")
        return
    s.say(" with an ").name(last.fact, what.name).say(" that cannot be relied on: ").measured(last, what, named=False)
    if len(f.points) > 1:
        s.say(", the same on ").calculate("count", [p.fact for p in f.points]).say(" results since ").date(
            f.points[0].fact
        )
    _glucose(s, f, m)
    s.say(". Ask about low glucose; repeat by another method.")


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
    listing(s, f.problems, lambda p: s.name(p.facts[0], p.name), last=" and ")
    s.say(" and ").measured(last, what).say(" on ")
    listing(s, f.courses, lambda c: say_course(s, c), last=" and ")
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
    else:
        s.say(" at ").calculate("age", [m.appraisal.chart.patient]).say(" years").cite(
            m.appraisal.chart.patient, "birth"
        )
    s.say(": usually avoided. Still needed?")


def _note_list(s: Sentence, f: Finding, m: Material) -> None:
    note = next(n for n in m.appraisal.chart.notes if n.fact is f.facts[0])
    s.say("The note of ").date(note.fact).say(" says ").quote(note.fact, note.path, f.words["quote"])
    if f.courses:
        s.say(", but ")
        say_open_course(s, f.courses[0]).say(" is ordered (").date(f.courses[0].last).say("): which is true?")
    elif look := m.looked_at("MedicationRequest"):
        s.absent(": no order for it is in use. Ask.", look, f"current_ingredient:{f.key}")
    else:
        s.say(": the orders could be read only in part. Ask.")


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


def _unlisted(s: Sentence, f: Finding, m: Material) -> None:
    problem = f.problems[0]
    s.name(problem.facts[-1], problem.name).say(": ").calculate("count", problem.facts).say(" visits for it")
    if len(problem.facts) > 1:
        s.say(" since ").date(problem.facts[0])
    s.say(", last ").date(problem.facts[-1])
    look = m.looked_at("Condition")
    if look:
        s.absent("; not on the problem list", look, f"listed_problem:{problem.concept.key}")
    s.say(".")


def _trend(s: Sentence, f: Finding, m: Material) -> None:
    first, last = f.points[0], f.points[-1]
    what = measurement(m, last)
    s.name(last.fact, what.name[:1].upper() + what.name[1:]).say(" ").number(first, what, unit=False).say(" (").date(
        first.fact
    )
    s.say(") → ").number(last, what).say(" (").date(last.fact).say(")")
    if first.value:
        s.say(", ").calculate("percent_change", [first.fact, last.fact], signed=True).say(" %")
    s.say(". Meant?" if f.key == "weight" else ". Why?")


_WORDS: Mapping[str, Callable[[Sentence, Finding, Material], None]] = {
    "critical": _critical,
    "contradicts": _contradicts,
    "uncontrolled": _uncontrolled,
    "missing_therapy": _missing_therapy,
    "note_list_conflict": _note_list,
    "avoid": _avoid,
    "pair": _pair,
    "unmonitored": _unmonitored,
    "unlisted": _unlisted,
    "trend": _trend,
}
