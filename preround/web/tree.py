"""A FHIR resource as a tree that people can read, with the cited literals marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chart.fhirpath import choice, literal_text

_STEP = re.compile(r"^([A-Za-z]\w*)(?:\[(\d+)\])?$")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONG = 600
"""Characters of a literal; what is longer (an attachment) is not spelled out, and a narrative's markup never is."""

Place = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """One element of the tree."""

    label: str
    """Its name in words."""
    text: str | None = None
    """A literal's text; `None` where it has children."""
    marked: bool = False
    """Whether it is cited."""
    first: bool = False
    """Whether it is the first that is cited: the page opens there."""
    children: tuple[Branch, ...] = ()
    """What lies below."""


def tree(resource: Mapping[str, Any], paths: Iterable[str]) -> tuple[Branch, ...]:
    """The resource's elements in its own order.

    Args:
        resource: any FHIR resource.
        paths: FHIRPaths as citations have them; one that leads nowhere is left out.
    """
    places = {place for path in paths if (place := located(resource, path)) is not None}
    first = [place for place in _walk(resource, ()) if place in places][:1]
    return tuple(
        _branch(_words(key), value, (key,), places, first) for key, value in resource.items() if key != "resourceType"
    )


def located(resource: Mapping[str, Any], path: str) -> Place | None:
    """Where a FHIRPath leads: keys and list positions, with choice elements by their full name."""
    kind, *steps = path.split(".")
    if kind != resource.get("resourceType"):
        return None
    node: Any = resource
    place: list[str | int] = []
    for step in steps:
        found = _STEP.match(step)
        key = _key(node, found[1]) if found else None
        if found is None or key is None:
            return None
        node = node[key]
        place.append(key)
        if isinstance(node, list):
            index = int(found[2] or 0)
            if index >= len(node):
                return None
            node = node[index]
            place.append(index)
    return tuple(place)


def _key(node: object, name: str) -> str | None:
    if not isinstance(node, Mapping):
        return None
    if name in node:
        return name
    found = choice(node, name)
    return found[0] if found else None


def _walk(node: object, place: Place) -> Iterable[Place]:
    yield place
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _walk(value, (*place, str(key)))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _walk(value, (*place, index))


def _branch(label: str, node: Any, place: Place, places: set[Place], first: list[Place]) -> Branch:  # noqa: ANN401
    marked, opens = place in places, place in first
    if isinstance(node, list) and len(node) == 1:
        return _branch(label, node[0], (*place, 0), places, first)
    if isinstance(node, Mapping):
        children = tuple(_branch(_words(str(k)), v, (*place, str(k)), places, first) for k, v in node.items())
        return Branch(label=label, marked=marked, first=opens, children=children)
    if isinstance(node, list):
        children = tuple(_branch(str(i + 1), v, (*place, i), places, first) for i, v in enumerate(node))
        return Branch(label=label, marked=marked, first=opens, children=children)
    text = literal_text(node)
    if text is not None and (len(text) > _LONG or (place[-1] == "div" and text.lstrip().startswith("<"))):
        text = f"({len(text)} characters{' of markup' if place[-1] == 'div' else ''})"
    return Branch(label=label, text=text if text is not None else "(nothing)", marked=marked, first=opens)


def _words(key: str) -> str:
    return _HUMP.sub(" ", key).lower().removeprefix("_")
