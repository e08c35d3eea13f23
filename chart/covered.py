"""How much of one chart the tables know: what no rule looked at is named, and never silently fine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from chart.appraisal import Appraisal
from chart.concept import plain_name
from chart.fact import Fact

What = Literal["medicines", "results", "ranges", "problems"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Covered:
    """One table held to one chart."""

    what: What
    """``medicines`` that nobody ended; ``results``: measured things with a number; ``ranges``: of the laboratory
    results among those that the tables know; ``problems`` that the list calls active."""
    known: int
    """How many of them a table has."""
    unknown: tuple[str, ...]
    """The others by the record's own names, the most recent first."""

    @property
    def total(self) -> int:
        """How many there are."""
        return self.known + len(self.unknown)


def covered(appraisal: Appraisal) -> tuple[Covered, ...]:
    """What the tables know of a chart, by table; linear in its facts."""
    open_courses = [c for c in appraisal.courses if c.state != "finished"]
    ours, others = _results(appraisal)
    labs = [(key, fact) for key, fact in ours if fact.kind == "lab"]
    active = [p for p in appraisal.problems if p.listed not in ("social", "directive", "unlisted")]
    return (
        Covered(
            what="medicines",
            known=sum(c.drug.known for c in open_courses),
            unknown=_names((c.last, c.drug.short) for c in open_courses if not c.drug.known),
        ),
        Covered(what="results", known=len(ours), unknown=_names((f, _short(f.name)) for f in others)),
        Covered(
            what="ranges",
            known=sum(key in appraisal.ranges for key, _ in labs),
            unknown=_names((f, appraisal.table.by_key[key].name) for key, f in labs if key not in appraisal.ranges),
        ),
        Covered(
            what="problems",
            known=sum(p.concept.key != "other" for p in active),
            unknown=_names((p.facts[-1], p.name) for p in active if p.concept.key == "other"),
        ),
    )


def _short(name: str) -> str:
    """A LOINC name without its axes: ``MCH [Entitic mass] by Automated count`` → ``MCH``."""
    return plain_name(name).partition(" [")[0]


def _results(appraisal: Appraisal) -> tuple[list[tuple[str, Fact]], list[Fact]]:
    """The last result of each measured thing that the table has, by key, and of each that it does not have."""
    known: dict[str, Fact] = {}
    others: dict[str, Fact] = {}
    for fact in appraisal.chart.of("lab", "vital", "survey", "other"):
        if not isinstance(fact.value, Decimal):
            continue
        measured = appraisal.table.measured_by(fact)
        if measured:
            known[measured.key] = fact
        else:
            others[plain_name(fact.name).lower()] = fact
    return list(known.items()), list(others.values())


def _names(found: Iterable[tuple[Fact, str]]) -> tuple[str, ...]:
    """Names, the most recent first, each once."""
    dated = sorted(found, key=lambda one: (-(one[0].when.start.timestamp() if one[0].when else 0.0), one[1]))
    return tuple(dict.fromkeys(name for _, name in dated))
