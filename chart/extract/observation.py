"""Observations: vital signs, laboratory results, surveys; components become facts of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from chart.extract.statement import Origin, Said, again, said, told
from chart.extract.when import point_of, when_of
from chart.fact import Cell, Fact, FactKind, tags_of
from chart.node import Coded, Node
from chart.remembered import remembered

_KINDS: Mapping[str, FactKind] = {
    "laboratory": "lab",
    "vital-signs": "vital",
    "survey": "survey",
    "social-history": "survey",
    "sdoh": "survey",
}
UCUM = "http://unitsofmeasure.org"
Cells = Mapping[str, Cell]
Value = tuple[Decimal | str | None, str | None, Cells, frozenset[str]]
"""A value, its unit, the cells of both, and marks."""
_UNMARKED: frozenset[str] = frozenset()


def facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """One fact for the value, and one for each component that has a value or a reason for its absence."""
    root = Node.root(resource)
    when, issued = when_of(root, "effective", "issued"), point_of(root, "issued")
    stated = stated_of(root)
    if not stated:
        return []
    specimen = _present(specimen=root.get("specimen").cell_of("display")) if root.has("specimen") else {}
    found: list[Fact] = []
    parts = root.items("component")
    for node in (root, *parts) if parts else (root,):
        value = _value(node)
        if value:
            result, unit, cells, marks = value
            one = stated if node is root else again(stated[0], [node.coded("code")], stated[0].tags)
            one = marked(one, marks) if marks else one
            cells = {**specimen, **cells} if specimen else cells
            found += told(origin, one, when=when, recorded=issued, cells=cells, value=result, unit=unit)
    if found:
        return found
    return told(origin, marked(stated, frozenset({"no_value"})), when=when, recorded=issued, cells=specimen)


def marked(stated: tuple[Said, ...], marks: frozenset[str]) -> tuple[Said, ...]:
    """The same with further marks."""
    return tuple(replace(one, tags=tags_of(one.tags | marks)) for one in stated)


def _present(**cells: Cell | None) -> dict[str, Cell]:
    return {role: cell for role, cell in cells.items() if cell is not None}


@remembered("status", "category", "code")
def stated_of(root: Node) -> tuple[Said, ...]:
    """What it states, whatever its value and its dates."""
    status, code = root.cell_of("status"), root.coded("code")
    tags = {"preliminary"} if status and status.text in ("preliminary", "registered") else ()
    return said(_kind(root), code.cell, code.codings, status=status, tags=tags)


def _kind(root: Node) -> FactKind:
    for category in root.items("category"):
        for coding in category.codings():
            if coding.code in _KINDS:
                return _KINDS[coding.code]
    return "other"


def _value(node: Node) -> Value | None:
    """What it says, and nothing when it neither has a value nor says why not."""
    suffix, value = node.choose("value")
    if not suffix and not node.has("dataAbsentReason"):
        return None
    result, unit, cells, marks = _READERS.get(suffix, _absent)(value, node)
    if "interpretation" in node.value or "referenceRange" in node.value:
        cells = {**cells, **_judged(node)}
    return result, unit, cells, marks


def _quantity(value: Node, _: Node) -> Value:
    unit, cells, marks = measure(value)
    cell, number = value.figure("value")
    return number, unit, {"value": cell, **cells} if cell else cells, marks


@remembered("code", "system", "unit", "comparator")
def measure(value: Node) -> tuple[str | None, Cells, frozenset[str]]:
    """The unit of a quantity, the cells of all but its number, and marks."""
    code, written, comparator = value.cell_of("code"), value.cell_of("unit"), value.cell_of("comparator")
    marks = frozenset({"comparator"}) if comparator else _UNMARKED
    if code and value.text_of("system") in ("", UCUM):
        return code.text, _present(unit_code=code, unit=written or code, comparator=comparator), marks
    return written.text if written else None, _present(unit=written, comparator=comparator), marks


def _number(value: Node, _: Node) -> Value:
    return value.number, None, _present(value=value.cell), _UNMARKED


def _concept(_: Node, node: Node) -> Value:
    cell = answer(node).cell
    return (cell.text, None, {"value": cell}, _UNMARKED) if cell else (None, None, {}, _UNMARKED)


@remembered("valueCodeableConcept")
def answer(node: Node) -> Coded:
    """A coded value."""
    value = node.choose("value")[1]
    return Coded(cell=value.concept_cell(), codings=value.codings())


def _literal(value: Node, _: Node) -> Value:
    cell = value.cell
    return (cell.text, None, {"value": cell}, _UNMARKED) if cell else (None, None, {}, _UNMARKED)


def _curve(value: Node, _: Node) -> Value:
    origin = value.get("origin")
    cells = _present(origin=origin.cell_of("value"), unit=origin.cell_of("unit"))
    return None, None, cells, frozenset({"compound", "no_value"})  # a curve has no one value


def _absent(_: Node, node: Node) -> Value:
    reason = node.coded("dataAbsentReason").cell
    return None, None, _present(absent=reason), frozenset({"absent" if reason else "no_value"})


def _compound(value: Node, between: str) -> Value:
    """Both sides as one text: a titre reads ``1:128``, a range ``5–10``."""
    cells: dict[str, Cell] = {}
    for name in ("low", "high", "numerator", "denominator", "start", "end"):
        part = value.get(name)
        cell = part.cell_of("value") if isinstance(part.value, dict) else part.cell
        if cell:
            cells[name] = cell
    text = between.join(cell.text for cell in cells.values())
    sides = ("high", "low", "numerator")
    unit = next((cell for side in sides if (cell := value.get(side).cell_of("unit"))), None)
    per = value.get("denominator").cell_of("unit")
    return text or None, None, {**cells, **_present(unit=unit, per=per)}, frozenset({"compound"})


_READERS: Mapping[str, Callable[[Node, Node], Value]] = {
    "Quantity": _quantity,
    **dict.fromkeys(("Integer", "Decimal"), _number),
    "CodeableConcept": _concept,
    **dict.fromkeys(("String", "Boolean", "DateTime", "Time"), _literal),
    "Ratio": lambda value, _: _compound(value, ":"),
    **dict.fromkeys(("Range", "Period"), lambda value, _: _compound(value, "–")),
    "SampledData": _curve,
}
"""By the type of the value; any other is as good as absent."""


def _judged(node: Node) -> dict[str, Cell]:
    """The sender's own interpretation, and its range where it gives one and not several."""
    cells: dict[str, Cell] = {}
    for interpretation in node.items("interpretation"):
        for coding in interpretation.items("coding"):
            cells |= _present(interpretation=coding.cell_of("code"))
    ranges = node.items("referenceRange")
    if len(ranges) == 1:
        for role, side in (("range_low", "low"), ("range_high", "high")):
            limit = ranges[0].get(side, "value")
            if limit.number is not None and limit.cell:
                cells[role] = limit.cell
    return cells
