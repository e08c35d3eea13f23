"""The words of measurements that moved, or did not, between two days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal

from agents.offline.words import chunks, listing, measurement
from agents.reasoner import Material
from chart.appraisal import ADULT
from chart.comparison import Window
from chart.measurement import Measurement, round_to
from chart.series import Point
from chart.trends import Movement
from claims.claim import Claim
from claims.sentence import Sentence

Number = Callable[[], str]
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
_CROSSED = {"into_range": ", now within its range", "out_of_range": ", now outside its range"}


def notable(window: Window, top: AbstractSet[str]) -> list[Movement]:
    """Movements that count and whose value stands nowhere above."""
    moves = [x for x in window.movements if x.last.fact.id not in top and x.key != "diastolic"]
    return [x for x in moves if x.noteworthy or x.crossed in ("into_range", "out_of_range")][:SHOWN]


def moved(m: Material, move: Movement, window: Window, claim_id: str) -> Claim:
    """One measurement from its first to its last value, each with its day."""
    s = Sentence(m.appraisal)
    partner = _pressure(move, window)
    what = measurement(m, move.last)
    s.name(move.last.fact, "BP" if partner else what.name[:1].upper() + what.name[1:]).say(" ")
    _value(s, m, move.first, partner.first if partner else None, what, unit=False)
    s.say(" (").date(move.first.fact).say(") → ")
    _value(s, m, move.last, partner.last if partner else None, what, unit=partner is None)
    s.say(" (").date(move.last.fact).say(")")
    both = [move.first.fact, move.last.fact]
    if partner is None and _adds_up(what, move):
        s.say(", ").calculate("difference", both, places=_places(what, move), signed=True)
    elif partner is None:
        s.also("difference", both)
    s.say(_CROSSED.get(move.crossed, ""))
    return s.claim(claim_id, salience=2 if move.crossed == "out_of_range" else 3)


def compared(m: Material, window: Window, span: str, number: Number, told: AbstractSet[str]) -> list[Claim]:
    """Which days were compared, with what a clinician expects to see even when it did not move.

    Args:
        m: the chart.
        window: the days and their movements.
        span: over which time medicines and problems were compared, in words.
        number: gives the next claim id.
        told: results whose value stands elsewhere on the page.
    """
    last, before = window.movements[0].last, _first_day(window)
    s = Sentence(m.appraisal).say("Compared: ").date(last.fact).say(" against ").date(before.fact)
    apart = (last.day - before.day).days
    s.say(", ").calculate("days_between", [before.fact, last.fact]).say(f" day{'' if apart == 1 else 's'} apart; ")
    quiet = [x for x in window.movements if x.key in FOLDED and not {x.first.fact.id, x.last.fact.id} & told]
    groups = chunks(sorted(quiet, key=lambda x: FOLDED.index(x.key)), len(FOLDED))
    if groups:
        child = m.appraisal.chart.age is not None and m.appraisal.chart.age < ADULT
        s.say("measured again: " if child else "inside expected variation: ")
        listing(s, groups[0], lambda x: _short(s, m, x, window, before))
        s.say("; ")
    return [s.say(f"medicines and problems {span}").claim(number(), salience=3)]


def nothing_to_compare(m: Material, number: Number) -> list[Claim]:
    """Why there is no comparison: one day only, or no results at all."""
    points = [p for s in m.appraisal.series.values() for p in s.trusted]
    s = Sentence(m.appraisal)
    if points:
        last = max(points, key=lambda p: p.when.start)
        s.say("Measured on one day only (").date(last.fact).say("): there is nothing to compare with")
        return [s.claim(number(), kind="fact", salience=4)]
    look = m.looked_at("Observation")
    return (
        [s.absent("No results to compare.", look, "kind:lab", "kind:vital").claim(number(), salience=4)] if look else []
    )


def _first_day(window: Window) -> Point:
    """The value whose day most measurements were compared with; the others say their own."""
    days = Counter(x.first.day for x in window.movements)
    day = max(days, key=lambda d: (days[d], d))
    return next(x.first for x in window.movements if x.first.day == day)


def _pressure(move: Movement, window: Window) -> Movement | None:
    """The diastolic movement of a systolic one, where both readings have both."""
    if move.key != "systolic":
        return None
    below = next((x for x in window.movements if x.key == "diastolic"), None)
    return below if below and (below.first.when, below.last.when) == (move.first.when, move.last.when) else None


def _value(s: Sentence, m: Material, point: Point, below: Point | None, what: Measurement, *, unit: bool) -> None:
    s.number(point, what, unit=unit)
    if below:
        s.say("/").number(below, measurement(m, below), unit=False)


def _adds_up(what: Measurement, move: Movement) -> bool:
    """Whether the two values as shown differ by the difference as shown: rounded, 102 and 111 may lie 8 apart."""
    first, last = (Decimal(what.shown(p.value)) for p in (move.first, move.last))
    return last - first == round_to(move.last.value - move.first.value, _places(what, move))


def _places(what: Measurement, move: Movement) -> int:
    """As many decimals as the two values are shown with."""
    return max(len(what.shown(p.value).partition(".")[2]) for p in (move.first, move.last))


def _short(s: Sentence, m: Material, move: Movement, window: Window, usual: Point) -> None:
    what = measurement(m, move.last)
    partner = _pressure(move, window)
    s.name(move.last.fact, "BP" if partner else what.name).say(" ")
    _value(s, m, move.first, partner.first if partner else None, what, unit=False)
    if move.first.day != usual.day:
        s.say(" (").date(move.first.fact).say(")")
    s.say(" → ")
    _value(s, m, move.last, partner.last if partner else None, what, unit=partner is None)


def window_lines(m: Material, window: Window | None, number: Number, top: AbstractSet[str]) -> Sequence[Claim]:
    """The movements of a window that count, each in its own sentence."""
    return [moved(m, x, window, number()) for x in notable(window, top)] if window else []
