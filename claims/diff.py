"""What a proposed resource would change in the record, literal by literal, in words that can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chart.fhirpath import literal_text

_QUIET = frozenset({"meta", "id", "resourceType"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One literal that differs."""

    path: str
    """FHIRPath of the literal."""
    old: str | None
    """What the record says; ``None`` where it says nothing."""
    new: str | None
    """What it would say; ``None`` where the literal goes."""


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[Change, ...]:
    """The literals that differ, in the order of the proposed resource, then what would go.

    Args:
        before: the resource as the record has it, or ``None`` for a new one.
        after: the resource as proposed.
    """
    old = dict(_literals(before)) if before else {}
    new = dict(_literals(after))
    found = [Change(path=p, old=old.get(p), new=text) for p, text in new.items() if old.get(p) != text]
    return (*found, *(Change(path=p, old=text, new=None) for p, text in old.items() if p not in new))


def _literals(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind = str(resource.get("resourceType", ""))
    for key, value in resource.items():
        if key not in _QUIET:
            yield from _walk(value, f"{kind}.{key}")


def _walk(node: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON value
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _walk(value, f"{path}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _walk(value, f"{path}[{index}]" if len(node) > 1 else path)
    else:
        text = literal_text(node)
        if text is not None:
            yield path, text
