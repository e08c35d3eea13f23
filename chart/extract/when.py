"""When something was true: the dates of a resource, with the literals that say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chart.fact import Cell
from chart.moment import Moment, parse_moment
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


_TIMING = frozenset({"event", "repeat"})
NEVER = When(start=None, start_cell=None, end=None, end_cell=None)


def when_of(root: Node, *names: str) -> When:
    """The first of the named elements that holds a date; choice, Period and Timing shapes are all read."""
    value = root.value
    if not isinstance(value, dict):
        return NEVER
    shape = root.shape
    known = shape.known
    for name in names:
        key = known[name] if name in known else shape.choice(name)
        found = value[key] if key else None
        if found is None:
            found = value.get(name)
            if found is None:
                continue
        path = f"{root.path}.{name}"
        if isinstance(found, str):
            when = point(path, found)
        else:
            when = _when(Node(found, path) if isinstance(found, dict) else _first(root, name))
        if when.start or when.end:
            return when
    return NEVER


def dated(kind: str, *names: str) -> Callable[[Mapping[str, Any]], When]:
    """What `when_of` reads of resources of one type, by a reader that has looked up the paths beforehand.

    Args:
        kind: the resource type.
        names: the elements that may hold the date, the first of them first.
    """
    places = tuple((name, f"{name}DateTime", f"{kind}.{name}", met_at(f"{kind}.{name}")) for name in names)

    def read(resource: Mapping[str, Any]) -> When:
        for name, chosen, path, known in places:
            found = resource.get(chosen)
            if found is None:
                found = resource.get(name)
            if type(found) is str:
                when = known.get(found) or _point(path, found)
            elif type(found) is dict:
                when = _period_in(found, path) or _when(Node(found, path))
            else:
                when = when_of(Node(resource, kind), name)
            if when.start or when.end:
                return when
        return NEVER

    return read


def point_of(root: Node, name: str) -> When:
    """The date that is a plain literal under a name."""
    value = root.value.get(name) if isinstance(root.value, dict) else None
    if isinstance(value, str):
        return point(f"{root.path}.{name}", value)
    node = root.get(name)
    return point(node.path, node.value) if isinstance(node.value, str) else NEVER


def point(path: str, text: str) -> When:
    """A literal at its path as a point in time: what was noted at one visit has one date, many times over."""
    known = _POINTS.get(path)
    met = known.get(text) if known is not None else None
    return _point(path, text) if met is None else met


def _point(path: str, text: str) -> When:
    moment = parse_moment(text)
    found = When(start=moment, start_cell=Cell(path=path, text=text), end=None, end_cell=None) if moment else NEVER
    if "[" not in path:  # there are but a few such paths, those that readers name
        known = met_at(path)
        if len(known) >= _MOST:
            known.clear()
        known[text] = found
    return found


def met_at(path: str) -> dict[str, When]:
    """What was read of each text at a path so far; always the same dictionary, emptied when it is full."""
    return _POINTS.setdefault(path, {})


_POINTS: dict[str, dict[str, When]] = {}
"""What was read of each text at each path; plain dictionaries, which a chart wanders over faster than over a cache that
keeps its entries in order of use."""
_MOST = 8192
"""Texts kept at one path."""


def _first(root: Node, name: str) -> Node:
    suffix, node = root.choose(name)
    return node if suffix else root.get(name)


def _when(node: Node) -> When:
    if isinstance(node.value, str):
        return point(node.path, node.value)
    if not isinstance(node.value, dict):
        return NEVER
    start, period = node.value.get("start"), _period_in(node.value, node.path)
    if period is not None:
        return period
    if isinstance(start, str) and len(node.value) == 1:
        return point(f"{node.path}.start", start)
    if "event" in node.value or "repeat" in node.value:  # Timing
        event = node.get("event")
        if event:
            return _when(event)
        node = node.get("repeat").choose("bounds")[1]
    return _period(point_of(node, "start"), point_of(node, "end"))


def _period_in(value: Mapping[str, Any], path: str) -> When | None:
    """A period of two literals; nothing where something else stands there."""
    start, end = value.get("start"), value.get("end")
    if type(start) is str and type(end) is str and (len(value) == 2 or _TIMING.isdisjoint(value)):
        return _span(path, start, end)
    return None


@lru_cache(maxsize=8192)
def _span(path: str, start: str, end: str) -> When:
    """A period of two literals: what was done at one visit has one, many times over."""
    return _period(point(f"{path}.start", start), point(f"{path}.end", end))


def _period(start: When, end: When) -> When:
    if end is NEVER:
        return start
    return When(start=start.start, start_cell=start.start_cell, end=end.start, end_cell=end.start_cell)
