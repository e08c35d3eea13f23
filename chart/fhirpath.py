"""The small part of FHIRPath that citations use: names, list indexes and choice elements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_STEP = re.compile(r"^([A-Za-z]\w*)(?:\[(\d+)\])?$")


def literal_text(value: object) -> str | None:
    """The JSON literal's text of a primitive, or ``None`` for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, (int, Decimal)):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    return None


def choice(resource: Mapping[str, Any], name: str) -> tuple[str, Any] | None:
    """The key and value of a choice element: ``("valueQuantity", {...})`` for ``value``."""
    for key, value in resource.items():
        if key.startswith(name) and key[len(name) : len(name) + 1].isupper():
            return key, value
    return None


def _child(node: object, name: str) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(node, Mapping):
        return None
    if name in node:
        return node[name]
    found = choice(node, name)
    return found[1] if found else None


def resolve(resource: Mapping[str, Any], path: str) -> str | None:
    """The literal at ``path`` (``Observation.component[1].value.value``), or ``None`` when nothing is there.

    A list with one element needs no index; one with more must have it, so a path never means two things.
    """
    steps = path.split(".")
    if not steps or steps[0] != resource.get("resourceType"):
        return None
    node: Any = resource
    for step in steps[1:]:
        found = _STEP.match(step)
        if not found:
            return None
        node = _child(node, found[1])
        if isinstance(node, list):
            if found[2] is None and len(node) != 1:
                return None
            index = int(found[2] or 0)
            node = node[index] if index < len(node) else None
        elif found[2] not in (None, "0"):
            return None
    return literal_text(node)
