"""The comparison draft: what moved since the day before with data, and what came and went in twelve months."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

from agents.offline.ward import ward
from agents.offline.words import chunks, listing, measurement, say_course
from agents.reasoner import Material
from chart.comparison import Comparison, Window, compare
from chart.courses import CourseChange
from chart.fact import Fact
from chart.measurement import Measurement
from chart.problems import plain_name
from chart.trends import Movement
from claims.claim import Claim, Draft, Section
from claims.sentence import Sentence

FOLDED = (
    "creatinine",
    "egfr",
    "potassium",
    "sodium",
    "hba1c",
    "hemoglobin",
    "ldl",
    "weight",
    "systolic",
    "fev1_fvc",
    "inr",
)
"""What a clinician expects to see even when it did not move; the rest is left out."""
SHOWN = 5


def comparison(material: Material) -> Draft:
    """What changed, in two windows."""
    ids = count(1)

    def number() -> str:
        return f"d{next(ids)}"

    found = compare(material.appraisal, since=material.brief.since)
    claims = [
        *_measured(material, found, number),
        *ward(material, number),
        *_medicines(material, found, number),
        *_problems(material, found, number),
    ]
    return Draft(
        task="comparison", sections=(Section(title="Changed", claims=tuple(claims)),), tainted=material.tainted
    )


def _measured(m: Material, found: Comparison, number: Callable[[], str]) -> list[Claim]:
    window = found.latest if m.brief.since is None else found.year
    if window is None:
        return _no_pair(m, number)
    top = {p.fact.id for f in m.appraisal.act_first for p in (*f.points[-1:], *f.others[-1:])}
    moves = [x for x in window.movements if x.last.fact.id not in top and x.key != "diastolic"]
    claims = [_windows(m, window, found, number())] if window.movements else _no_pair(m, number)
    notable = [x for x in moves if x.noteworthy or x.crossed in ("into_range", "out_of_range")]
    shown = notable[:SHOWN]
    claims.extend(_moved(m, x, window, number()) for x in shown)
    quiet = [x for x in moves if x not in shown and x.key in FOLDED]
    for group in chunks(quiet, 10):
        s = Sentence(m.appraisal).say("Inside expected variation: ")
        listing(s, sorted(group, key=lambda x: FOLDED.index(x.key)), lambda x, s=s: _short(s, m, x, window))  # type: ignore[misc]
        claims.append(s.claim(number(), salience=4))
    return claims


def _windows(m: Material, window: Window, found: Comparison, claim_id: str) -> Claim:
    last = window.movements[0].last.fact
    first = max((x.first for x in window.movements), key=lambda p: p.when.start).fact
    s = Sentence(m.appraisal).say("Compared: ").date(last).say(" against ").date(first)
    apart = max(x.last.day for x in window.movements) - max(x.first.day for x in window.movements)
    s.say(", ").calculate("days_between", [first, last]).say(
        f" day{'' if apart.days == 1 else 's'} apart; medicines and problems "
    )
    return s.say(_span(found)).claim(claim_id, salience=3)


def _span(found: Comparison) -> str:
    return "since the day asked for" if found.year.title.startswith("since") else "over twelve months"


def _no_pair(m: Material, number: Callable[[], str]) -> list[Claim]:
    points = [p for s in m.appraisal.series.values() for p in s.trusted]
    s = Sentence(m.appraisal)
    if points:
        last = max(points, key=lambda p: p.when.start)
        s.say("Measured on one day only (").date(last.fact).say("): there is nothing to compare with").cite(
            last.fact, "value"
        )
        return [s.claim(number(), kind="fact", salience=4)]
    look = m.looked_at("Observation")
    return (
        [s.absent("No results to compare.", look, "kind:lab", "kind:vital").claim(number(), salience=4)] if look else []
    )


def _pressure(m: Material, move: Movement, window: Window) -> Movement | None:
    return next((x for x in window.movements if x.key == "diastolic" and x.last.when == move.last.when), None)


def _moved(m: Material, move: Movement, window: Window, claim_id: str) -> Claim:
    s = Sentence(m.appraisal)
    what = measurement(m, move.last)
    partner = _pressure(m, move, window) if move.key == "systolic" else None
    s.name(move.last.fact, "BP" if partner else what.name[:1].upper() + what.name[1:]).say(" ")
    if partner and partner.first.when == move.first.when:
        below = measurement(m, partner.last)
        s.number(move.first, what, unit=False).say("/").number(partner.first, below, unit=False).say(" (").date(
            move.first.fact
        )
        s.say(") → ").number(move.last, what, unit=False).say("/").number(partner.last, below, unit=False)
    else:
        s.number(move.first, what, unit=False).say(" (").date(move.first.fact).say(") → ").number(move.last, what)
        s.say(", ").calculate("difference", [move.first.fact, move.last.fact], places=_places(what, move), signed=True)
    crossed = {"into_range": ", now within its range", "out_of_range": ", now outside its range"}
    return s.say(crossed.get(move.crossed, "")).claim(claim_id, salience=2 if move.crossed == "out_of_range" else 3)


def _places(what: Measurement, move: Movement) -> int:
    """As many decimals as the two values are shown with."""
    return max(len(what.shown(p.value).partition(".")[2]) for p in (move.first, move.last))


def _short(s: Sentence, m: Material, move: Movement, window: Window) -> None:
    what = measurement(m, move.last)
    partner = _pressure(m, move, window) if move.key == "systolic" else None
    s.name(move.last.fact, "BP" if partner else what.name).say(" ")
    if partner and partner.first.when == move.first.when:
        below = measurement(m, partner.last)
        s.number(move.first, what, unit=False).say("/").number(partner.first, below, unit=False).say(" → ")
        s.number(move.last, what, unit=False).say("/").number(partner.last, below, unit=False)
    else:
        s.number(move.first, what, unit=False).say(" → ").number(move.last, what)


_VERBS = {"started": "started", "stopped": "stopped", "changed": "changed", "finished": "a finished course of"}


def _medicines(m: Material, found: Comparison, number: Callable[[], str]) -> list[Claim]:
    if not m.appraisal.courses:
        return []
    s = Sentence(m.appraisal).say("Medicines: ")
    if not found.courses:
        renewed = [o for c in m.appraisal.courses for o in c.orders if o.when and o.when.date >= found.year.start]
        if not renewed:
            return []
        s.say("only renewals (").calculate("count", renewed).say(" orders)")
        return [s.claim(number(), salience=3)]
    listing(s, found.courses[:8], lambda c: _course_change(s, c), last="; ")
    return [s.claim(number(), salience=2)]


def _course_change(s: Sentence, change: CourseChange) -> None:
    s.say(f"{_VERBS[change.what]} ")
    if change.before:
        say_course(s, change.before).say(" → ")
    say_course(s, change.course).say(" (").date(change.order).say(")").cite(change.order, "status")


def _problems(m: Material, found: Comparison, number: Callable[[], str]) -> list[Claim]:
    claims = []
    for facts, words, role in (
        (found.new_problems, "New problems: ", "when"),
        (found.resolved_problems, "Resolved: ", "ended"),
    ):
        for group in chunks(_latest_of_name(facts), 8)[:1]:
            s = Sentence(m.appraisal).say(words)
            listing(s, group, lambda f, s=s, role=role: _dated(s, f, role))  # type: ignore[misc]
            claims.append(s.claim(number(), salience=3))
    return claims


def _dated(s: Sentence, fact: Fact, role: str) -> None:
    s.name(fact, plain_name(fact.name)).say(" (").date(fact, role).say(")").cite(fact, "status")


def _latest_of_name(facts: Sequence[Fact]) -> list[Fact]:
    return list({plain_name(f.name).lower(): f for f in facts}.values())
