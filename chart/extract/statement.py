"""What every extractor shares: what a resource says whenever it says it, and the facts that it makes with its dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from chart.extract.when import NEVER, When
from chart.fact import Cell, Coding, Fact, FactKind, Filling, tags_of
from chart.node import Coded, Node
from chart.remembered import remembered

NO_CELLS: Mapping[str, Cell] = {}
"""No further literals."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a resource states, without when, by whom and how much: most of a chart says the same again and again."""

    kind: FactKind
    """What sort of statement it is."""
    name: Cell
    """The record's own words for the thing stated."""
    words: str
    """Those words with one space between them."""
    codes: tuple[Coding, ...]
    """Its codes."""
    status: Cell | None
    """The literal that is its status."""
    says: str
    """Its status; empty where there is none."""
    cells: Mapping[str, Cell]
    """Further literals by role."""
    tags: frozenset[str]
    """Short marks."""


def said(
    kind: FactKind,
    name: Cell | None,
    codes: tuple[Coding, ...],
    *,
    status: Cell | None,
    says: str | None = None,
    cells: Mapping[str, Cell | None] | None = None,
    tags: Iterable[str] = (),
) -> tuple[Said, ...]:
    """What is stated; nothing when the resource does not say what it is about.

    Args:
        kind: what sort of statement it is.
        name: the record's own words for it.
        codes: its codes.
        status: the literal that is its status.
        says: its status, where that is not the literal as it stands.
        cells: further literals by role; what is not there is left out.
        tags: short marks.
    """
    if name is None:
        return ()
    return (
        Said(
            kind=kind,
            name=name,
            words=one_line(name.text),
            codes=codes,
            status=status,
            says=(status.text if status else "") if says is None else says,
            cells={role: cell for role, cell in (cells or {}).items() if cell is not None},
            tags=tags_of(tags),
        ),
    )


def again(head: Said, coded: Iterable[Coded], tags: Iterable[str]) -> tuple[Said, ...]:
    """The same once more for each of the concepts that has words, by those words."""
    marks = tags_of(tags)
    return tuple(
        replace(head, name=one.cell, words=one_line(one.cell.text), codes=one.codings, tags=marks)
        for one in coded
        if one.cell
    )


@lru_cache(maxsize=8192)
def one_line(text: str) -> str:
    """The words with one space between them."""
    return " ".join(text.split())


def told(
    origin: Origin,
    stated: tuple[Said, ...],
    *,
    when: When = NEVER,
    recorded: When = NEVER,
    cells: Mapping[str, Cell] = NO_CELLS,
    value: Decimal | str | None = None,
    unit: str | None = None,
    place: str = "",
) -> list[Fact]:
    """The facts of what one resource states.

    Args:
        origin: the resource.
        stated: what it states.
        when: when it was true.
        recorded: when it was written down; also when it was true, where nothing else says so.
        cells: further literals by role.
        value: what it says, where it says more than that it is so.
        unit: in what.
        place: the path of the value, where its literal is the text of the value and not among the cells.
    """
    if len(stated) == 1:
        return [told_once(origin, stated[0], when, recorded, cells, value, unit, place)]
    return [told_once(origin, one, when, recorded, cells, value, unit, place) for one in stated]


def told_once(
    origin: Origin,
    one: Said,
    when: When,
    recorded: When,
    cells: Mapping[str, Cell],
    value: Decimal | str | None,
    unit: str | None,
    place: str,
) -> Fact:
    """The fact of one thing that a resource states; by position, as `told` has them."""
    fact: Any = Filling()
    fact.id = ""
    fact.kind = one.kind
    fact.reference, fact.version = origin
    fact.name = one.words
    fact.codes = one.codes
    fact.value = value
    fact.unit = unit
    fact.when = when.start or recorded.start
    fact.ended = when.end
    fact.recorded = recorded.start
    fact.status = one.says
    fact.cells = (one, when, recorded, cells, place)
    fact.tags = one.tags
    fact.__class__ = Fact
    made: Fact = fact
    return made


Origin = tuple[str, str | None]
"""A resource as ``Type/id``, and its version id where the server gave one."""


def identity(resource: Mapping[str, Any]) -> Origin:
    """``Type/id`` and the version id of a resource."""
    return f"{resource.get('resourceType')}/{resource.get('id')}", version_of(resource)


def version_of(resource: Mapping[str, Any]) -> str | None:
    """The version id of a resource, when the server gave one."""
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else None


@remembered("verificationStatus")
def verification_status(root: Node) -> tuple[str, Cell | None]:
    """The code of a problem's or allergy's ``verificationStatus``, with its cell."""
    node = root.get("verificationStatus")
    for coding in node.items("coding"):
        cell = coding.cell_of("code")
        if cell:
            return cell.text, cell
    cell = node.cell_of("text")
    return (cell.text.lower(), cell) if cell else ("", None)


CLINICAL = frozenset({"active", "recurrence", "relapse", "inactive", "remission", "resolved"})
"""Clinical statuses of FHIR."""
_SNOMED_STATUS = {"55561003": "active", "73425007": "inactive", "413322009": "resolved"}


@remembered("clinicalStatus")
def clinical_status(root: Node) -> tuple[str, Cell | None]:
    """The clinical status in FHIR's own words, with its cell; an empty text where what stands there is none of them.

    Converted documents put SNOMED CT codes or words there; a status that nobody can read is as good as none.
    """
    node = root.get("clinicalStatus")
    for coding in node.items("coding"):
        cell = coding.cell_of("code")
        status = _SNOMED_STATUS.get(cell.text, cell.text.lower()) if cell else ""
        if status in CLINICAL:
            return status, cell
    cell = node.cell_of("text")
    word = cell.text.strip().lower() if cell else ""
    return (word, cell) if word in CLINICAL else ("", None)
