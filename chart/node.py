"""A place in a resource: tolerant navigation that remembers the path, so every literal can be cited."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from chart.fact import Cell, Coding
from chart.fhirpath import choice, literal_text
from chart.moment import Moment, parse_moment

_SHARED = 8192
"""So many literals are kept to be shared: a chart says the same few things of most of its entries."""


@lru_cache(maxsize=_SHARED)
def _cell(path: str, text: str) -> Cell:
    """One object for one literal at one path, however many resources have it: a chart keeps a tenth of the objects."""
    return Cell(path=path, text=text)


@lru_cache(maxsize=_SHARED)
def _codings(rows: tuple[tuple[str, str, str], ...]) -> tuple[Coding, ...]:
    return tuple(Coding(system=system, code=code, display=display) for system, code, display in rows)


class Node:
    """One element of a resource and its FHIRPath; a missing or misshapen element is an empty node."""

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: str) -> None:  # noqa: ANN401 - any JSON value
        self.value = value
        self.path = path

    @classmethod
    def root(cls, resource: Mapping[str, Any]) -> Node:
        """The root of a resource."""
        return cls(resource, str(resource.get("resourceType", "")))

    def __bool__(self) -> bool:
        """Whether anything is there."""
        return self.value is not None

    def get(self, *names: str) -> Node:
        """Follow element names; a list with one element is followed through, of a longer one the first."""
        node = self
        for name in names:
            found = node.items(name)
            if not found:
                return Node(None, f"{node.path}.{name}")
            node = found[0]
        return node

    def items(self, name: str) -> list[Node]:
        """All elements under a name; a single value counts as one."""
        value = self.value.get(name) if isinstance(self.value, dict) else None
        path = f"{self.path}.{name}"
        if isinstance(value, list):
            many = len(value) > 1
            return [
                Node(item, f"{path}[{index}]" if many else path) for index, item in enumerate(value) if item is not None
            ]
        return [] if value is None else [Node(value, path)]

    def choose(self, name: str) -> tuple[str, Node]:
        """A choice element ``name[x]``: its type suffix (``Quantity``) and node; an empty suffix when absent."""
        found = choice(self.value, name) if isinstance(self.value, dict) else None
        if found is None or found[1] is None:
            return "", Node(None, f"{self.path}.{name}")
        key, value = found
        return key[len(name) :], Node(value, f"{self.path}.{name}")

    @property
    def text(self) -> str:
        """The literal's text, or an empty string."""
        return literal_text(self.value) or ""

    @property
    def cell(self) -> Cell | None:
        """The literal with its path, or ``None`` when it is empty."""
        text = self.text
        return _cell(self.path, text) if text else None

    @property
    def moment(self) -> Moment | None:
        """The literal as a date, or ``None``."""
        return parse_moment(self.value) if isinstance(self.value, str) else None

    @property
    def number(self) -> Decimal | None:
        """The literal as a finite number, or ``None``."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float, Decimal)):
            return None
        number = Decimal(str(self.value))
        return number if number.is_finite() else None

    def codings(self) -> tuple[Coding, ...]:
        """The codings of a CodeableConcept."""
        rows = [c for c in self.items("coding") if isinstance(c.value, dict)]
        return _codings(tuple((c.get("system").text, c.get("code").text, c.get("display").text) for c in rows))

    def concept_cell(self) -> Cell | None:
        """The words of a CodeableConcept: its text, else the first display, else the first code."""
        text = self.get("text").cell
        if text:
            return text
        codings = self.items("coding")
        for role in ("display", "code"):
            for coding in codings:
                cell = coding.get(role).cell
                if cell:
                    return cell
        return None
