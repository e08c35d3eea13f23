"""The words of a hospital stay: since admission, given and not given in the last 24 hours, in and out."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import date

from agents.offline.words import listing, measurement
from agents.reasoner import Material
from chart.fact import Fact
from chart.series import Point
from chart.stay import Stay
from claims.claim import Claim
from claims.sentence import Sentence

SINCE_ADMISSION = (
    "weight",
    "creatinine",
    "potassium",
    "sodium",
    "hemoglobin",
    "nt_probnp",
    "spo2",
    "crp",
    "leukocytes",
)
"""What is followed from the day of admission."""


def ward(material: Material, number: Callable[[], str], told: AbstractSet[str]) -> list[Claim]:
    """The lines of a stay under way; none for a patient at home. ``told``: results whose value stands above."""
    stay = material.appraisal.stay
    if stay is None:
        return []
    return [
        *_since_admission(material, stay, number, told),
        *_fluids(material, stay, number),
        *_doses(material, stay, number),
    ]


def _since_admission(m: Material, stay: Stay, number: Callable[[], str], told: AbstractSet[str]) -> list[Claim]:
    start = stay.admission.when
    if start is None:
        return []
    moved = []
    for key in SINCE_ADMISSION:
        one = m.appraisal.series.get(key)
        inside = [p for p in one.trusted if p.day >= start.date] if one else []
        if len(inside) > 1 and inside[-1].fact.id not in told:
            moved.append((inside[0], inside[-1]))
    if not moved:
        return []
    latest = max((last for _, last in moved), key=lambda p: p.when.start)
    s = Sentence(m.appraisal).say("Since admission (").date(stay.admission).say(") to ").date(latest.fact).say(": ")
    listing(s, moved, lambda pair: _first_and_last(s, pair, m, (start.date, latest.day)))
    return [s.claim(number(), salience=2)]


def _first_and_last(s: Sentence, pair: tuple[Point, Point], m: Material, usual: tuple[date, date]) -> None:
    """Two values; one that is not of the day of admission, or not of the last day, says its day."""
    first, last = pair
    what = measurement(m, last)
    s.name(last.fact, what.name).say(" ").number(first, what, unit=False)
    if first.day != usual[0]:
        s.say(" (").date(first.fact).say(")")
    s.say(" → ").number(last, what)
    if last.day != usual[1]:
        s.say(" (").date(last.fact).say(")")


def _fluids(m: Material, stay: Stay, number: Callable[[], str]) -> list[Claim]:
    shown = []
    for key in ("fluid_intake", "urine_output"):
        one = m.appraisal.series.get(key)
        if one and one.latest and stay.admission.when and one.latest.day >= stay.admission.when.date:
            shown.append(one.latest)
    if not shown:
        return []
    s = Sentence(m.appraisal).say("Last full count: ")
    listing(s, shown, lambda p: s.measured(p, measurement(m, p)))
    if len(shown) == 2 and shown[0].day == shown[1].day:
        s.say("; balance ").calculate("fluid_balance", [p.fact for p in shown], signed=True).say(" mL")
    return [s.claim(number(), salience=3)]


def _doses(m: Material, stay: Stay, number: Callable[[], str]) -> list[Claim]:
    claims = []
    for facts, words in ((stay.given, "Given in the last day: "), (stay.withheld, "Not given in the last day: ")):
        if facts:
            s = Sentence(m.appraisal).say(words)
            listing(s, facts[:10], lambda f, s=s: _dose(s, f))  # type: ignore[misc]
            claims.append(s.claim(number(), salience=2))
    return claims


def _dose(s: Sentence, fact: Fact) -> None:
    s.name(fact)
    dose = " ".join(fact.cells[r].text for r in ("dose", "dose_unit") if r in fact.cells)
    if dose and not fact.name.lower().endswith(dose.lower()):
        s.say(f" {dose}").cite(fact, "dose", "dose_unit")
    s.say(" (").hour(fact).say(")").cite(fact, "status")
    if "reason" in fact.cells and "negated" in fact.tags:
        s.say(f": {fact.cells['reason'].text}").cite(fact, "reason")
