"""What the appraisal computed from facts: a kind, a rank and the facts it stands on. Words are made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from chart.courses import Course
from chart.fact import Fact
from chart.problems import Problem
from chart.series import Point

First = Literal[
    "critical",
    "contradicts",
    "uncontrolled",
    "missing_therapy",
    "note_allergy",
    "note_list_conflict",
    "dose_by_weight",
    "avoid",
    "pair",
    "unmonitored",
    "unlisted",
    "recurrent",
    "for_age",
    "trend",
    "risky_stale",
    "missing_basic",
    "lapsed",
    "as_needed",
]
"""What may stand under "Act on / verify first", the gravest first."""
FindingKind = Literal[
    First,
    "unrepeated",
    "never_recorded",
    "overdue",
    "preliminary",
    "duplicate_course",
    "stale_course",
    "undosed_course",
    "implausible",
    "same_moment",
    "repeated_values",
    "blood_count",
    "kidney_values",
    "allergy_conflict",
    "smoking_conflict",
    "instruction_in_note",
    "instruction_in_entry",
    "note_problem",
]
RANK: Mapping[FindingKind, int] = {kind: rank for rank, kind in enumerate(get_args(First))}
"""The order under "Act on / verify first"; kinds without a rank have other places on the page."""
FILLS: tuple[FindingKind, ...] = ("unrepeated", "overdue", "never_recorded", "kidney_values")
"""What takes the room that is left on top, in this order; where there is none, it stands at its own place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that the record shows and no single resource says."""

    kind: FindingKind
    """What was found."""
    key: str
    """What it is about: a measurement, ingredient, class or concept key; with the kind it names the finding."""
    when: datetime | None
    """The most recent moment among what it stands on; ties on the page go to the more recent."""
    points: tuple[Point, ...] = ()
    """Measured values it stands on, oldest first."""
    others: tuple[Point, ...] = ()
    """Values of a second measurement it compares with."""
    courses: tuple[Course, ...] = ()
    """Courses it stands on."""
    problems: tuple[Problem, ...] = ()
    """Problems it stands on."""
    facts: tuple[Fact, ...] = ()
    """Any other facts."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Names from the rule tables: ``class``, ``measurements``, ``source``, ``quote``."""

    @property
    def stands_on(self) -> tuple[Fact, ...]:
        """Every fact, for the check that each finding reaches the page or is folded by name."""
        return (
            *(p.fact for p in (*self.points, *self.others)),
            *(c.last for c in self.courses),
            *(f for p in self.problems for f in p.facts),
            *self.facts,
        )
