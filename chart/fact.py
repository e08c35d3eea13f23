"""One dated, coded, sourced statement of the record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from chart.moment import Moment

if TYPE_CHECKING:
    from chart.extract.statement import Said
    from chart.extract.when import When

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

    @property
    def texts(self) -> Iterable[str]:
        """The texts of its cells, without making them."""
        held: Mapping[str, Cell] | Unread = _HELD.__get__(self)
        if not isinstance(held, tuple):
            return [cell.text for cell in held.values()]
        stated, when, recorded, further, place = held
        beside = (stated.name, when.start_cell, when.end_cell, stated.status, recorded.start_cell)
        texts = [cell.text for cell in (*beside, *stated.cells.values()) if cell is not None]
        return [*texts, *((str(self.value),) if place else ()), *(cell.text for cell in further.values())]

    def beside(self, role: str) -> Cell | None:
        """The cell of a role beside name, dates, status and value, without making the others."""
        held: Mapping[str, Cell] | Unread = _HELD.__get__(self)
        if not isinstance(held, tuple):
            return held.get(role)
        return held[3].get(role) or held[0].cells.get(role)

    def has_code(self, system: str, codes: frozenset[str]) -> bool:
        """Whether any of its codings is one of ``codes`` in ``system``."""
        return any(c.system == system and c.code in codes for c in self.codes)


Unread = tuple["Said", "When", "When", Mapping[str, Cell], str]
"""What the cells of a fact are made of: what is stated, when, written when, further literals, and where its value
stands (empty where that is among them or there is none)."""


def cells_of(unread: Unread, value: Decimal | str | None) -> dict[str, Cell]:
    """The cells of a fact with such a value."""
    stated, when, recorded, further, place = unread
    found = {"name": stated.name}
    if when.start_cell is not None:
        found["when"] = when.start_cell
    if when.end_cell is not None:
        found["ended"] = when.end_cell
    if stated.status is not None:
        found["status"] = stated.status
    if recorded.start_cell is not None:
        found["recorded"] = recorded.start_cell
    found.update(stated.cells)
    if place:
        found["value"] = Cell(path=place, text=str(value))
    found.update(further)
    return found


_HELD: Any = Fact.__dict__["cells"]  # the slot itself
_ID: Any = Fact.__dict__["id"]
name_it: Callable[[Fact, str], None] = _ID.__set__
"""Give a fact its id: for the chart that made it, before anybody else has seen it."""


def _cells(fact: Fact) -> Mapping[str, Cell]:
    """The literals it stands on, by role; made when somebody asks, for of most facts of a chart nobody does."""
    held: Mapping[str, Cell] | Unread = _HELD.__get__(fact)
    if isinstance(held, tuple):
        held = cells_of(held, fact.value)
        _HELD.__set__(fact, held)
    return held


Fact.cells = property(_cells, _HELD.__set__)  # type: ignore[assignment, misc]


class Filling:
    """A fact while it is filled in; with every field set it becomes one by ``filling.__class__ = Fact``.

    A frozen record is filled through `object.__setattr__`, field by field, which over a chart costs about as much as
    reading its codes. This has the same fields and can be assigned to; the record is the same object, frozen.
    """

    __slots__ = tuple(each.name for each in fields(Fact))
    __annotations__ = Fact.__annotations__


def tags_of(marks: Iterable[str]) -> frozenset[str]:
    """The marks as one shared set: most facts of a chart have none, or the same."""
    return _shared(frozenset(marks))


@lru_cache(maxsize=1024)
def _shared(tags: frozenset[str]) -> frozenset[str]:
    return tags
