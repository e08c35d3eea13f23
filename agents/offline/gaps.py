"""What is due by the appraisal: results not final or not repeated, care overdue, and what was never recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from agents.offline.act_first import claim_of
from agents.offline.ranking import ordinary, waiting
from agents.offline.suggestions import never_done
from agents.offline.words import chunks, listing, measurement, printed
from agents.reasoner import Material
from agents.suggest import suggestions
from chart.fact import Fact
from chart.finding import Finding
from claims.claim import Claim
from claims.sentence import Sentence

Number = Callable[[], str]


def gaps_of(m: Material, number: Number, told: AbstractSet[str]) -> tuple[Claim, ...]:
    """Results that should have been repeated, and what a problem asks for and the chart nowhere has.

    Args:
        m: the chart.
        number: gives the next claim id.
        told: results whose value stands above; here they are only named and dated.
    """
    claims: list[Claim] = []
    for finding in m.appraisal.of("preliminary"):
        for some in chunks(finding.facts, 6):
            s = Sentence(m.appraisal, told=told).say("Not final: ")
            listing(s, some, lambda f, s=s: _unfinished(s, f, m))  # type: ignore[misc]
            claims.append(s.claim(number(), salience=2))
    for some_overdue in chunks(ordinary(m, "overdue"), 6):
        s = Sentence(m.appraisal).say("Last done long ago: ")
        listing(s, some_overdue, lambda f, s=s: _last_done(s, f))  # type: ignore[misc]
        claims.append(s.claim(number(), salience=3))
    claims.extend(claim_of(f, m, number(), salience=2, told=told | printed(claims, m)) for f in _waiting(m))
    results = m.looked_at("Observation")
    missing = _unsaid(m, ordinary(m, "never_recorded"))
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


def _unsaid(m: Material, found: Sequence[Finding]) -> list[Finding]:
    """What stands beside no suggestion: one thing that is due takes one line."""
    due = suggestions(m)[0] if "suggestions" in m.brief.tasks else ()
    beside = [f for s in due for f, _ in never_done(m, s.guideline.id)]
    return [f for f in found if f not in beside]


def _waiting(m: Material) -> list[Finding]:
    return [f for kind in ("unrepeated", "overdue", "never_recorded") for f in waiting(m, kind)]


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
    s.say("pending" if fact.value is None else fact.status).cite(fact, "status")


def _last_done(s: Sentence, finding: Finding) -> None:
    fact = finding.facts[0]
    s.name(fact, finding.key).say(" (").date(fact).say(")")
