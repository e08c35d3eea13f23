"""The comparison draft: what moved since the day before with data, and what came and went in twelve months."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from itertools import count

from agents.offline.act_first import on_top
from agents.offline.gaps import gaps_of
from agents.offline.growth import growth
from agents.offline.problems import problems
from agents.offline.ward import ward
from agents.offline.words import chunks, listing, measurement, printed, say_course
from agents.reasoner import Material
from chart.appraisal import ADULT
from chart.comparison import Comparison, Window, compare
from chart.courses import CourseChange, is_live
from chart.fact import Fact
from chart.measurement import Measurement
from chart.problems import plain_name
from chart.series import Point
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
    window = _window(material, found)
    top = on_top(material)
    if "summary" in material.brief.tasks:
        top |= printed(growth(material, lambda: "-"), material)
    changes = moved(material, number, top)
    told = top | printed(changes, material)
    if "summary" in material.brief.tasks:
        told |= printed(gaps_of(material, lambda: "-", told), material)
        told |= printed(problems(material, lambda: "-", told), material)
    claims = [
        *_compared(material, window, found, number),
        *changes,
        *_quiet(material, window, number, told),
        *_medicines(material, found, number),
        *_problems(material, found, number),
    ]
    return Draft(
        task="comparison", sections=(Section(title="Changed", claims=tuple(claims)),), tainted=material.tainted
    )


def moved(m: Material, number: Callable[[], str], top: AbstractSet[str]) -> list[Claim]:
    """What changed so that it counts, and the lines of a stay under way.

    Args:
        m: the chart.
        number: gives the next claim id.
        top: results whose value stands on top of the page.
    """
    found = compare(m.appraisal, since=m.brief.since)
    window = _window(m, found)
    notable = _notable(window, top) if window else []
    claims = [_moved(m, x, window, number()) for x in notable] if window else []
    return [*claims, *ward(m, number, top | printed(claims, m))]


def _window(m: Material, found: Comparison) -> Window | None:
    return found.latest if m.brief.since is None else found.year


def _notable(window: Window, top: AbstractSet[str]) -> list[Movement]:
    moves = [x for x in window.movements if x.last.fact.id not in top and x.key != "diastolic"]
    return [x for x in moves if x.noteworthy or x.crossed in ("into_range", "out_of_range")][:SHOWN]


def _quiet(m: Material, window: Window | None, number: Callable[[], str], told: AbstractSet[str]) -> list[Claim]:
    """What a clinician expects to see even when it did not move, unless the page says it already."""
    if window is None or not window.movements:
        return []
    first = _first_day(window)
    child = m.appraisal.chart.age is not None and m.appraisal.chart.age < ADULT
    words = "Measured again (the rules are for adults): " if child else "Inside expected variation: "
    quiet = [x for x in window.movements if x.key in FOLDED and not {x.first.fact.id, x.last.fact.id} & told]
    claims = []
    for group in chunks(sorted(quiet, key=lambda x: FOLDED.index(x.key)), 10):
        s = Sentence(m.appraisal).say(words)
        listing(s, group, lambda x, s=s: _short(s, m, x, window, first))  # type: ignore[misc]
        claims.append(s.claim(number(), salience=4))
    return claims


def _first_day(window: Window) -> Point:
    """The value whose day most measurements were compared with; the others say their own."""
    days = Counter(x.first.day for x in window.movements)
    day = max(days, key=lambda d: (days[d], d))
    return next(x.first for x in window.movements if x.first.day == day)


def _compared(m: Material, window: Window | None, found: Comparison, number: Callable[[], str]) -> list[Claim]:
    return [_windows(m, window, found, number())] if window and window.movements else _no_pair(m, number)


def _windows(m: Material, window: Window, found: Comparison, claim_id: str) -> Claim:
    last, before = window.movements[0].last, _first_day(window)
    s = Sentence(m.appraisal).say("Compared: ").date(last.fact).say(" against ").date(before.fact)
    apart = (last.day - before.day).days
    s.say(", ").calculate("days_between", [before.fact, last.fact]).say(
        f" day{'' if apart == 1 else 's'} apart; medicines and problems "
    )
    return s.say(_span(found)).claim(claim_id, salience=3)


def _span(found: Comparison) -> str:
    return "since the day asked for" if found.year.title.startswith("since") else "over twelve months"


def _no_pair(m: Material, number: Callable[[], str]) -> list[Claim]:
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


def _short(s: Sentence, m: Material, move: Movement, window: Window, first: Point) -> None:
    what = measurement(m, move.last)
    partner = _pressure(m, move, window) if move.key == "systolic" else None
    s.name(move.last.fact, "BP" if partner else what.name).say(" ")
    if partner and partner.first.when == move.first.when:
        below = measurement(m, partner.last)
        s.number(move.first, what, unit=False).say("/").number(partner.first, below, unit=False)
        _own_day(s, move.first, first)
        s.number(move.last, what, unit=False).say("/").number(partner.last, below, unit=False)
    else:
        s.number(move.first, what, unit=False)
        _own_day(s, move.first, first)
        s.number(move.last, what)


def _own_day(s: Sentence, point: Point, usual: Point) -> None:
    """The arrow, with the first value's date before it where that is not the usual one."""
    if point.day != usual.day:
        s.say(" (").date(point.fact).say(")")
    s.say(" → ")


_ENDED = {"stopped": "stopped", "completed": "completed", "on-hold": "put on hold", "cancelled": "cancelled"}


def _medicines(m: Material, found: Comparison, number: Callable[[], str]) -> list[Claim]:
    if not m.appraisal.courses:
        return []
    s = Sentence(m.appraisal).say("Medicines: ")
    if not found.courses:
        renewed = [
            o
            for c in m.appraisal.courses
            for o in c.orders
            if o.when and o.when.date >= found.year.start and o.status in ("active", "completed", "unknown")
        ]
        if not renewed:
            return []
        s.say("only renewals (").calculate("count", renewed).say(f" order{'s' if len(renewed) > 1 else ''})")
        return [s.claim(number(), salience=3)]
    listing(s, found.courses[:8], lambda c: _course_change(s, c), last="; ", between="; ")
    return [s.claim(number(), salience=2)]


def _course_change(s: Sentence, change: CourseChange) -> None:
    # What ended is said in the order's own word; one that is still called active is over by its own dates.
    ended = _ENDED.get(change.order.status, "ended")
    lasting = change.what in ("started", "changed")
    s.say(f"{change.what if lasting else ended if change.what == 'stopped' else 'a course of'} ")
    if change.before:
        say_course(s, change.before).say(" → ")
    say_course(s, change.course).say(" (").date(change.order)
    if change.what == "finished":
        s.say(f"; {ended}")
    elif lasting and change.order.status == "on-hold":
        s.say("; on hold")
    elif lasting and not is_live(change.order) and change.order.status != "completed":
        s.say(f"; that order {change.order.status}")
    s.say(")").cite(change.order, "status")


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
