"""One dated, coded, sourced statement of the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from chart.moment import Moment

FactKind = Literal[
    "patient",
    "allergy",
    "problem",
    "medication",
    "administration",
    "lab",
    "vital",
    "survey",
    "report",
    "encounter",
    "procedure",
    "immunization",
    "note",
    "care_plan",
    "order",
    "dispense",
    "imaging",
    "family",
    "goal",
    "device",
    "care_team",
    "specimen",
    "other",
]

LETTERS: Mapping[FactKind, str] = {
    "patient": "B",
    "allergy": "A",
    "problem": "P",
    "medication": "M",
    "administration": "D",
    "lab": "L",
    "vital": "V",
    "survey": "S",
    "report": "R",
    "encounter": "E",
    "procedure": "X",
    "immunization": "I",
    "note": "N",
    "care_plan": "C",
    "order": "O",
    "dispense": "W",
    "imaging": "G",
    "family": "F",
    "goal": "T",
    "device": "U",
    "care_team": "K",
    "specimen": "Y",
    "other": "Z",
}
"""The letter that a short id begins with, by kind."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Coding:
    """A code in a code system."""

    system: str
    """Canonical URI of the code system, empty when the record has none."""
    code: str
    """The code itself."""
    display: str
    """The record's own words for it, empty when it has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One literal of a resource: where it stands and what it says."""

    path: str
    """FHIRPath from the resource type, with list indexes where a list has more than one element."""
    text: str
    """The JSON literal's text; ``3.10`` stays ``3.10``."""
    source: str = ""
    """The versioned reference of the resource it stands in, where that is not the fact's own (a Medication)."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fact:
    """What one resource, or one component of it, states."""

    id: str = ""
    """Short id within a chart, such as ``L12``; empty until the chart numbers it."""
    kind: FactKind
    """What sort of statement it is."""
    reference: str
    """``Type/id``."""
    version: str | None
    """``meta.versionId``, when the server gave one."""
    name: str
    """The record's own words for the thing stated."""
    codes: tuple[Coding, ...] = ()
    """Its codes."""
    value: Decimal | str | None = None
    """A number, or the words of a coded or textual result."""
    unit: str | None = None
    """UCUM code, or the written unit where no code is given."""
    when: Moment | None = None
    """When it was true: effective time, onset, order date, start."""
    ended: Moment | None = None
    """When it ended, where the record says."""
    recorded: Moment | None = None
    """When it was written down, where that differs from ``when``."""
    status: str = ""
    """The resource's status, or the clinical status of a problem or allergy."""
    cells: Mapping[str, Cell] = field(default_factory=dict)
    """The literals it stands on, by role: ``name value unit when ended recorded status`` and more by kind."""
    tags: frozenset[str] = frozenset()
    """Short marks: ``negated``, ``preliminary``, ``comparator``, ``as_needed``, ``several_dosages``, ``inpatient`` …"""

    @property
    def citation(self) -> str:
        """The versioned reference, ``Type/id/_history/v``, or ``Type/id`` when the server keeps no versions."""
        return f"{self.reference}/_history/{self.version}" if self.version else self.reference

    def has_code(self, system: str, codes: frozenset[str]) -> bool:
        """Whether any of its codings is one of ``codes`` in ``system``."""
        return any(c.system == system and c.code in codes for c in self.codes)


def tags_of(marks: Iterable[str]) -> frozenset[str]:
    """The marks as one shared set: most facts of a chart have none, or the same."""
    return _shared(frozenset(marks))


@lru_cache(maxsize=1024)
def _shared(tags: frozenset[str]) -> frozenset[str]:
    return tags
