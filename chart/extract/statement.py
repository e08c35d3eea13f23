"""What every extractor shares: the resource's identity, status and dates as cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chart.fact import Cell, Coding, Fact, FactKind
from chart.moment import Moment
from chart.node import Node


@dataclass(frozen=True, kw_only=True, slots=True)
class When:
    """A period or point in a resource, with the cells that say so."""

    start: Moment | None
    """Its beginning, or the point itself."""
    start_cell: Cell | None
    """Where the beginning stands."""
    end: Moment | None
    """Its end, where there is one."""
    end_cell: Cell | None
    """Where the end stands."""


NEVER = When(start=None, start_cell=None, end=None, end_cell=None)


def when_of(root: Node, *names: str) -> When:
    """The first of the named elements that holds a date; choice, Period and Timing shapes are all read."""
    for name in names:
        suffix, node = root.choose(name)
        if not suffix:
            node = root.get(name)
        found = _when(node)
        if found.start or found.end:
            return found
    return NEVER


def _when(node: Node) -> When:
    if isinstance(node.value, str):
        moment = node.moment
        return When(start=moment, start_cell=node.cell if moment else None, end=None, end_cell=None)
    if not isinstance(node.value, dict):
        return NEVER
    if "event" in node.value or "repeat" in node.value:  # Timing
        event = node.get("event")
        if event:
            return _when(event)
        node = node.get("repeat").choose("bounds")[1]
    start, end = node.get("start"), node.get("end")
    return When(
        start=start.moment,
        start_cell=start.cell if start.moment else None,
        end=end.moment,
        end_cell=end.cell if end.moment else None,
    )


def concept_status(root: Node, name: str) -> tuple[str, Cell | None]:
    """The code of a status CodeableConcept such as ``clinicalStatus``, with its cell."""
    node = root.get(name)
    for coding in node.items("coding"):
        cell = coding.get("code").cell
        if cell:
            return cell.text, cell
    cell = node.get("text").cell
    return (cell.text.lower(), cell) if cell else ("", None)


CLINICAL = frozenset({"active", "recurrence", "relapse", "inactive", "remission", "resolved"})
"""Clinical statuses of FHIR."""
_SNOMED_STATUS = {"55561003": "active", "73425007": "inactive", "413322009": "resolved"}


def clinical_status(root: Node) -> tuple[str, Cell | None]:
    """The clinical status in FHIR's own words, with its cell; an empty text where what stands there is none of them.

    Converted documents put SNOMED CT codes or words there; a status that nobody can read is as good as none.
    """
    node = root.get("clinicalStatus")
    for coding in node.items("coding"):
        cell = coding.get("code").cell
        status = _SNOMED_STATUS.get(cell.text, cell.text.lower()) if cell else ""
        if status in CLINICAL:
            return status, cell
    cell = node.get("text").cell
    word = cell.text.strip().lower() if cell else ""
    return (word, cell) if word in CLINICAL else ("", None)


def identity(resource: Mapping[str, Any]) -> tuple[str, str | None]:
    """``Type/id`` and the version id of a resource."""
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, Mapping) else None
    return f"{resource.get('resourceType')}/{resource.get('id')}", version if isinstance(version, str) else None


def statement(
    resource: Mapping[str, Any],
    *,
    kind: FactKind,
    name: Cell | None,
    codes: tuple[Coding, ...],
    when: When = NEVER,
    recorded: Node | None = None,
    status: str,
    status_cell: Cell | None,
    cells: Mapping[str, Cell | None] | None = None,
    tags: frozenset[str] = frozenset(),
) -> Fact | None:
    """A fact with the usual cells filled in; ``None`` when the resource does not say what it is about."""
    if name is None:
        return None
    reference, version = identity(resource)
    found: dict[str, Cell | None] = {
        "name": name,
        "when": when.start_cell,
        "ended": when.end_cell,
        "status": status_cell,
        "recorded": recorded.cell if recorded and recorded.moment else None,
        **(cells or {}),
    }
    return Fact(
        kind=kind,
        reference=reference,
        version=version,
        name=" ".join(name.text.split()),
        codes=codes,
        when=when.start or (recorded.moment if recorded else None),
        ended=when.end,
        recorded=recorded.moment if recorded else None,
        status=status,
        cells={role: cell for role, cell in found.items() if cell is not None},
        tags=tags,
    )
