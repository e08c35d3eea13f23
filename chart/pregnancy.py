"""Whether the patient is pregnant, told from coded problems and observations, and how far."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from chart.chart import Chart
from chart.concept import Concept, concept_of
from chart.extract.condition import ACTIVE
from chart.fact import Fact
from chart.moment import parse_moment

_DUE = frozenset({"11778-8", "11779-6", "11781-2", "53692-4"})
"""LOINC codes of an estimated date of delivery."""
_WEEKS = frozenset({"11884-4", "11885-1", "11886-9", "18185-9", "49051-6"})
"""LOINC codes of a gestational age in weeks."""
_STATUS = frozenset({"82810-3", "11449-6"})
"""LOINC codes of the pregnancy status."""
CODES = _DUE | _WEEKS | _STATUS
"""LOINC codes of every observation that tells of a pregnancy."""
_ENDS = re.compile(
    r"\b(deliver(y|ed)|childbirth|cesarean|caesarean|parturition|termination of pregnancy|puerperium)\b", re.I
)
TERM = timedelta(days=280)
LONGEST = timedelta(days=301)
"""Nothing older than 43 weeks speaks of a pregnancy that goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pregnancy:
    """A pregnancy under way at ``as_of``."""

    fact: Fact
    """What says so: the latest of what dates it, else of what names it."""
    weeks: int | None
    """Completed weeks at ``as_of``; ``None`` where nothing dates it."""

    @property
    def trimester(self) -> int | None:
        """1, 2 or 3 (from 14 and 28 weeks); ``None`` where the weeks are not known."""
        return None if self.weeks is None else 1 + (self.weeks >= 14) + (self.weeks >= 28)


def pregnancy_of(chart: Chart, table: Sequence[Concept]) -> Pregnancy | None:
    """The pregnancy under way, or ``None``; a delivery, loss or negative status after it ends it."""
    if chart.deceased:
        return None
    said = [f for f in _statements(chart, table) if f.when and f.when.start > chart.as_of - LONGEST]
    dated = [f for f in said if weeks_of(f, chart.today) is not None]
    if not said:
        return None
    last = max(said, key=lambda f: f.when.start if f.when else chart.as_of)
    if any(f.when and last.when and f.when.start > last.when.start for f in _endings(chart, table)):
        return None
    speaking = dated[-1] if dated else last
    weeks = weeks_of(speaking, chart.today)
    if weeks is not None and weeks > 43:
        return None
    return Pregnancy(fact=speaking, weeks=weeks)


def weeks_of(fact: Fact, today: date) -> int | None:
    """Completed weeks on a day by an estimated date of delivery or a gestational age; ``None`` for anything else."""
    codes = {c.code for c in fact.codes}
    if codes & _DUE and isinstance(fact.value, str):
        due = parse_moment(fact.value)
        found = (TERM - (due.date - today)).days // 7 if due else None
    elif codes & _WEEKS and isinstance(fact.value, Decimal) and fact.when:
        found = (int(fact.value * 7) + (today - fact.when.date).days) // 7
    else:
        return None
    return found if found is not None and found >= 0 else None


def _statements(chart: Chart, table: Sequence[Concept]) -> list[Fact]:
    problems = [f for f in chart.of("problem") if f.status in ACTIVE and concept_of(f, table).key == "pregnancy"]
    results = []
    for fact in chart.of("lab", "vital", "survey", "other"):
        codes = {c.code for c in fact.codes}
        if codes & (_DUE | _WEEKS) or (codes & _STATUS and _positive(fact)):
            results.append(fact)
    return sorted([*problems, *results], key=lambda f: f.when.start.timestamp() if f.when else 0.0)


def _positive(fact: Fact) -> bool:
    return isinstance(fact.value, str) and bool(
        re.match(r"^(pregnant|patient (is )?(currently )?pregnant)", fact.value, re.I)
    )


def _endings(chart: Chart, table: Sequence[Concept]) -> list[Fact]:
    lost = [f for f in chart.of("problem", "encounter") if concept_of(f, table).key in ("miscarriage", "ectopic")]
    done = [f for f in chart.of("procedure") if _ENDS.search(f.name) and "negated" not in f.tags]
    denied = [
        f
        for f in chart.of("lab", "vital", "survey", "other")
        if {c.code for c in f.codes} & _STATUS and isinstance(f.value, str) and not _positive(f)
    ]
    return [*lost, *done, *denied]
