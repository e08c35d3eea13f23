"""The words of what the record shows and does not say: critical values, notes, events off the list, trends."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agents.offline.words import listing, measurement, say_open_course
from agents.reasoner import Material
from chart.concept import plain_name
from chart.finding import Finding
from claims.sentence import Sentence


def _critical(s: Sentence, f: Finding, m: Material) -> None:
    point = f.points[-1]
    s.say("CRITICAL: ").measured(point, measurement(m, point)).say(". Act now or confirm.")


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


def _note_allergy(s: Sentence, f: Finding, m: Material) -> None:
    note = next(n for n in m.appraisal.chart.notes if n.fact is f.facts[0])
    s.say("The note of ").date(note.fact).say(" says ").quote(note.fact, note.path, f.words["quote"])
    if look := m.looked_at("AllergyIntolerance"):
        s.absent(": not on the allergy list. Ask, and enter it.", look, f"allergy_to:{f.key}")
    else:
        s.say(": the allergy list could be read only in part.")


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


def _recurrent(s: Sentence, f: Finding, m: Material) -> None:
    listed, *visits = f.facts
    s.name(listed, plain_name(listed.name)).say(": ").calculate("count", visits).say(" visits for it, ")
    listing(s, visits[-4:], lambda v: s.date(v), last=" and ")
    s.say("; the problem list has ")
    s.date(listed).say(" only.")


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


def _kidney(s: Sentence, f: Finding, m: Material) -> None:
    creatinine, rate = f.points[0], f.others[0]
    s.say("Kidney values contradict each other: ").name(creatinine.fact, "creatinine").say(" ")
    s.number(creatinine, measurement(m, creatinine)).say(" (").date(creatinine.fact).say(") gives an eGFR near ")
    s.calculate("implied_egfr", [creatinine.fact]).say(", ").name(rate.fact, "eGFR").say(" reported ")
    s.number(rate, measurement(m, rate), unit=False)
    if not m.appraisal.chart.deceased:  # nothing is asked of the dead
        s.say(": repeat both")


WORDS: Mapping[str, Callable[[Sentence, Finding, Material], None]] = {
    "critical": _critical,
    "note_allergy": _note_allergy,
    "note_list_conflict": _note_list,
    "unlisted": _unlisted,
    "recurrent": _recurrent,
    "trend": _trend,
    "kidney_values": _kidney,
}
