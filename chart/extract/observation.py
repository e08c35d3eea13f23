"""Observations: vital signs, laboratory results, surveys; components become facts of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from chart.extract.statement import statement, when_of
from chart.fact import Cell, Fact, FactKind, tags_of
from chart.node import Node

_KINDS: Mapping[str, FactKind] = {
    "laboratory": "lab",
    "vital-signs": "vital",
    "survey": "survey",
    "social-history": "survey",
    "sdoh": "survey",
}
UCUM = "http://unitsofmeasure.org"
Keep = Callable[[str, Cell | None], str | None]
"""Keeps a cell under its role; gives its text, or `None` where nothing stands."""


def facts(resource: Mapping[str, Any]) -> list[Fact]:
    """One fact for the value, and one for each component that has a value or a reason for its absence."""
    root = Node.root(resource)
    status = root.get("status")
    code = root.get("code")
    head = statement(
        resource,
        kind=_kind(root),
        name=code.concept_cell(),
        codes=code.codings(),
        when=when_of(root, "effective", "issued"),
        recorded=root.get("issued"),
        status=status.text,
        status_cell=status.cell,
        cells={"specimen": root.get("specimen", "display").cell},
        tags=tags_of({"preliminary"} if status.text in ("preliminary", "registered") else ()),
    )
    if head is None:
        return []
    found = [_valued(head, root)] if _has_value(root) else []
    for component in root.items("component"):
        part = component.get("code")
        name = part.concept_cell()
        if name is None or not _has_value(component):
            continue
        codes = part.codings()
        found.append(_valued(replace(head, name=name.text, codes=codes, cells={**head.cells, "name": name}), component))
    if found:
        return found
    return [replace(head, tags=head.tags | {"no_value"})]


def _kind(root: Node) -> FactKind:
    for category in root.items("category"):
        for coding in category.codings():
            if coding.code in _KINDS:
                return _KINDS[coding.code]
    return "other"


def _has_value(node: Node) -> bool:
    return bool(node.choose("value")[0]) or bool(node.get("dataAbsentReason"))


def _valued(head: Fact, node: Node) -> Fact:
    suffix, value = node.choose("value")
    cells = dict(head.cells)
    tags = set(head.tags)
    result: Decimal | str | None = None
    unit: str | None = None

    def keep(role: str, cell: Cell | None) -> str | None:
        if cell is None:
            return None
        cells[role] = cell
        return cell.text

    if suffix == "Quantity":
        number = value.get("value")
        result = number.number
        keep("value", number.cell)
        unit = _unit(value, keep)
        if keep("comparator", value.get("comparator").cell):
            tags.add("comparator")
    elif suffix in ("Integer", "Decimal"):
        result = value.number
        keep("value", value.cell)
    elif suffix == "CodeableConcept":
        result = keep("value", value.concept_cell())
    elif suffix in ("String", "Boolean", "DateTime", "Time"):
        result = keep("value", value.cell)
    elif suffix in ("Range", "Ratio", "Period"):
        result = _compound(value, keep, ":" if suffix == "Ratio" else "–")
        tags.add("compound")
    elif suffix == "SampledData":
        tags |= {"compound", "no_value"}  # a curve has no one value
        keep("origin", value.get("origin", "value").cell)
        keep("unit", value.get("origin", "unit").cell)
    else:
        result = None
        reason = keep("absent", node.get("dataAbsentReason").concept_cell())
        tags.add("no_value" if reason is None else "absent")
    _judged(node, keep)
    return replace(head, value=result, unit=unit, cells=cells, tags=tags_of(tags))


def _judged(node: Node, keep: Keep) -> None:
    """The sender's own interpretation, and its range where it gives one and not several."""
    for interpretation in node.items("interpretation"):
        for coding in interpretation.items("coding"):
            keep("interpretation", coding.get("code").cell)
    ranges = node.items("referenceRange")
    if len(ranges) == 1:
        for role, side in (("range_low", "low"), ("range_high", "high")):
            limit = ranges[0].get(side, "value")
            keep(role, limit.cell if limit.number is not None else None)


def _unit(value: Node, keep: Keep) -> str | None:
    code, written = value.get("code"), value.get("unit")
    if code.cell and (value.get("system").text in ("", UCUM)):
        keep("unit_code", code.cell)
        keep("unit", written.cell or code.cell)
        return code.text
    return keep("unit", written.cell) if written.cell else None


def _compound(value: Node, keep: Keep, between: str) -> str | None:
    """Both sides as one text: a titre reads ``1:128``, a range ``5–10``."""
    parts = []
    for name in ("low", "high", "numerator", "denominator", "start", "end"):
        part = value.get(name)
        text = keep(name, (part.get("value") if isinstance(part.value, dict) else part).cell)
        if text:
            parts.append(text)
    sides = ("high", "low", "numerator")
    keep("unit", next((cell for side in sides if (cell := value.get(side, "unit").cell)), None))
    keep("per", value.get("denominator", "unit").cell)
    return between.join(parts) if parts else None
