"""Observations of the shapes that most of a chart has: what they say again and again is looked up, not read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from chart.extract import observation
from chart.extract.observation import Cells
from chart.extract.statement import Origin, Said, again, told, told_once
from chart.extract.when import NEVER, When, met_at, point, point_of, when_of
from chart.fact import Fact
from chart.node import WIDEST, Node, Shape
from chart.remembered import LONGEST, content_of, keep

_BESIDE = frozenset({"component", "specimen", "interpretation", "referenceRange", "dataAbsentReason"})
"""What bears on a value beside it."""
_PART = frozenset({"code", "valueQuantity"})
"""All that a component of a panel has."""
_SAME = ("status", "category", "code", "valueQuantity", "valueCodeableConcept", "component")
"""What an Observation says again and again, but for its numbers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """What the keys of an Observation say of how it is read."""

    has: Literal["quantity", "answer", "panel", "other"]
    """One quantity, one coded answer, nothing but components, each without anything beside it; or none of these."""
    effective: str
    """Under which key it says when; empty where it has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """All that one value says but its number and its dates."""

    stated: tuple[Said, ...]
    """What it states, with the marks of its value."""
    place: str
    """Where its number stands; empty where it has none."""
    unit: str | None = None
    """The unit of its number."""
    value: str | None = None
    """Its words, where it has no number."""
    cells: Cells
    """The cells of the unit or of the words."""


_KNOWN: dict[bytes | str, tuple[Head, ...]] = {}
"""What was made of these contents."""
_LAYOUTS: dict[tuple[str, ...], Layout] = {}
"""What is known of these keys: most Observations have the same."""
_EFFECTIVE, _ISSUED = met_at("Observation.effective"), met_at("Observation.issued")


def facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """The facts of an Observation; one of another shape than those here is read in full."""
    keys = tuple(resource)
    layout = _LAYOUTS.get(keys) or _layout(keys)
    if layout.has != "quantity":
        return _further(resource, origin, layout)
    quantity = resource["valueQuantity"]
    if type(quantity) is not dict:
        return observation.facts(resource, origin)
    of, within = resource.get, quantity.get
    content = content_of(
        (
            of("status"),
            of("category"),
            of("code"),
            within("code"),
            within("system"),
            within("unit"),
            within("comparator"),
        )
    )
    heads = _KNOWN.get(content)
    if heads is None:
        heads = _read(resource, layout, content)
    number = _number(within("value"))
    if number is None or not heads:
        return observation.facts(resource, origin)
    (head,) = heads
    dated, written = of(layout.effective), of("issued")
    when = _EFFECTIVE.get(dated) if type(dated) is str else None
    issued = _ISSUED.get(written) if type(written) is str else None
    if when is None or issued is None or when is NEVER:
        when, issued = _dates(resource, layout)
    return [told_once(origin, head.stated[0], when, issued, head.cells, number, head.unit, head.place)]


def _further(resource: Mapping[str, Any], origin: Origin, layout: Layout) -> list[Fact]:
    """The facts of a coded answer or of a panel of quantities."""
    quantities = _quantities(resource, layout)
    if quantities is None:
        return observation.facts(resource, origin)
    of = resource.get
    content = content_of((of("status"), of("category"), of("code"), _beside_numbers(resource, layout, quantities)))
    heads = _KNOWN.get(content)
    if heads is None:
        heads = _read(resource, layout, content)
    if not heads:
        return observation.facts(resource, origin)
    when, issued = _dates(resource, layout)
    if layout.has == "answer":
        (head,) = heads
        return told(origin, head.stated, when=when, recorded=issued, cells=head.cells, value=head.value)
    found: list[Fact] = []
    for head, quantity in zip(heads, quantities, strict=True):
        number = _number(quantity.get("value"))
        if number is None:
            return observation.facts(resource, origin)
        found.append(told_once(origin, head.stated[0], when, issued, head.cells, number, head.unit, head.place))
    return found


def _number(value: object) -> Decimal | None:
    """A finite number as a plain one; what else may stand there is read in full."""
    if type(value) is Decimal:
        return value if value.is_finite() else None
    return Decimal(value) if type(value) is int else None


def _layout(keys: tuple[str, ...]) -> Layout:
    shape = Shape(keys)
    beside, value = _BESIDE.intersection(keys), shape.choice("value")
    has: Literal["quantity", "answer", "panel", "other"] = "other"
    if value == "valueQuantity" and not beside:
        has = "quantity"
    elif value == "valueCodeableConcept" and not beside:
        has = "answer"
    elif value is None and beside == {"component"}:
        has = "panel"
    found = Layout(has=has, effective=shape.choice("effective") or "")
    if len(keys) <= WIDEST:
        keep(_LAYOUTS, keys, found)
    return found


def _quantities(resource: Mapping[str, Any], layout: Layout) -> Sequence[Mapping[str, Any]] | None:
    """The quantities of its components, none of an answer; ``None`` where it is not what its keys promise."""
    if layout.has == "answer":
        return () if isinstance(resource["valueCodeableConcept"], dict) else None
    parts = resource["component"] if layout.has == "panel" else None
    if not isinstance(parts, list) or not parts:
        return None
    for part in parts:
        if not isinstance(part, dict) or part.keys() != _PART or not isinstance(part["valueQuantity"], dict):
            return None
    return [part["valueQuantity"] for part in parts]


def _dates(resource: Mapping[str, Any], layout: Layout) -> tuple[When, When]:
    """When it was true, and when it was written down."""
    dated, written = resource.get(layout.effective), resource.get("issued")
    if isinstance(written, str):
        issued = point("Observation.issued", written)
    else:
        issued = NEVER if written is None else point_of(Node(resource, "Observation"), "issued")
    when = point("Observation.effective", dated) if isinstance(dated, str) else NEVER
    return (when_of(Node(resource, "Observation"), "effective", "issued") if when is NEVER else when), issued


def _read(resource: Mapping[str, Any], layout: Layout, content: bytes | str) -> tuple[Head, ...]:
    """A head for each of its values; none where something in it has no words, which the full reading says."""
    root = Node({name: resource[name] for name in _SAME if name in resource}, "Observation")
    found = (_answered(root),) if layout.has == "answer" else _counted(root, layout)
    found = found if all(head.stated for head in found) else ()
    if content and len(content) <= LONGEST:
        keep(_KNOWN, content, found)
    return found


def _beside_numbers(
    resource: Mapping[str, Any], layout: Layout, quantities: Sequence[Mapping[str, Any]]
) -> tuple[object, ...]:
    """What it says of its values but their numbers, and which of the layouts it has."""
    if layout.has == "answer":
        return (resource["valueCodeableConcept"],)
    units = [(q.get("code"), q.get("system"), q.get("unit"), q.get("comparator")) for q in quantities]
    return [part["code"] for part in resource["component"]], units


def _answered(root: Node) -> Head:
    cell, stated = observation.answer(root).cell, observation.stated_of(root)
    cells = {"value": cell} if cell else {}
    return Head(stated=stated, place="", value=cell.text if cell else None, cells=cells)


def _counted(root: Node, layout: Layout) -> tuple[Head, ...]:
    stated, heads = observation.stated_of(root), []
    for node in (root,) if layout.has == "quantity" else root.items("component"):
        value = node.choose("value")[1]
        unit, cells, marks = observation.measure(value)
        one = stated if node is root or not stated else again(stated[0], [node.coded("code")], stated[0].tags)
        one = observation.marked(one, marks) if marks else one
        heads.append(Head(stated=one, place=f"{value.path}.value", unit=unit, cells=cells))
    return tuple(heads)
