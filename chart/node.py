"""A place in a resource: tolerant navigation that remembers the path, so every literal can be cited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from chart.fact import Cell, Coding
from chart.fhirpath import choice, literal_text
from chart.moment import Moment, parse_moment
from chart.remembered import remembered

_SHARED = 8192
"""So many literals are kept to be shared: a chart says the same few things of most of its entries."""
WIDEST = 60
"""Elements of an object whose shape is remembered; no resource has as many."""


@lru_cache(maxsize=_SHARED)
def _cell(path: str, text: str) -> Cell:
    """One object for one literal at one path, however many resources have it: a chart keeps a tenth of the objects."""
    return Cell(path=path, text=text)


@lru_cache(maxsize=_SHARED)
def _codings(rows: tuple[tuple[str, str, str], ...]) -> tuple[Coding, ...]:
    return tuple(Coding(system=system, code=code, display=display) for system, code, display in rows)


class Shape:
    """The keys of an object in their order, and under which of them its choice elements stand."""

    __slots__ = ("keys", "known", "names")

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys
        self.names = frozenset(keys)
        self.known: dict[str, str | None] = {}

    def choice(self, name: str) -> str | None:
        """The key of a choice element ``name[x]``, or ``None``."""
        known = self.known
        if name in known:
            return known[name]
        found = choice(dict.fromkeys(self.keys), name)
        known[name] = key = found[0] if found else None
        return key


_shape = lru_cache(maxsize=1024)(Shape)
"""One object for one row of keys: most resources of a type have the same."""
_SHAPELESS = Shape(())


@dataclass(frozen=True, kw_only=True, slots=True)
class Coded:
    """A CodeableConcept as read."""

    cell: Cell | None = None
    """Its words: its text, else the first display, else the first code."""
    codings: tuple[Coding, ...] = ()
    """Its codings."""


UNCODED = Coded()
"""No CodeableConcept there."""


class Node:
    """One element of a resource and its FHIRPath; a missing or misshapen element is an empty node."""

    __slots__ = ("_shape", "path", "value")

    def __init__(self, value: Any, path: str) -> None:  # noqa: ANN401 - any JSON value
        self.value = value
        self.path = path
        self._shape: Shape | None = None

    @classmethod
    def root(cls, resource: Mapping[str, Any]) -> Node:
        """The root of a resource."""
        return cls(resource, str(resource.get("resourceType", "")))

    def __bool__(self) -> bool:
        """Whether anything is there."""
        return self.value is not None

    def has(self, name: str) -> bool:
        """Whether anything stands under a name."""
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return any(item is not None for item in value) if isinstance(value, list) else value is not None

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
        if value is None:
            return []
        path = f"{self.path}.{name}"
        if isinstance(value, list):
            many = len(value) > 1
            return [
                Node(item, f"{path}[{index}]" if many else path) for index, item in enumerate(value) if item is not None
            ]
        return [Node(value, path)]

    @property
    def shape(self) -> Shape:
        """Its keys."""
        found = self._shape
        if found is None:
            keys = tuple(self.value) if isinstance(self.value, dict) else ()
            self._shape = found = (_shape if len(keys) <= WIDEST else Shape)(keys) if keys else _SHAPELESS
        return found

    def choose(self, name: str) -> tuple[str, Node]:
        """A choice element ``name[x]``: its type suffix (``Quantity``) and node; an empty suffix when absent."""
        path, key = f"{self.path}.{name}", self.shape.choice(name)
        value = self.value[key] if key else None
        return (key[len(name) :], Node(value, path)) if key and value is not None else ("", Node(None, path))

    def either(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """What stands in a choice element, else under the plain name, as it is."""
        key = self.shape.choice(name)
        found = self.value[key] if key else None
        if found is None and isinstance(self.value, dict):
            return self.value.get(name)
        return found

    @property
    def text(self) -> str:
        """The literal's text, or an empty string."""
        return literal_text(self.value) or ""

    @property
    def cell(self) -> Cell | None:
        """The literal with its path, or ``None`` when it is empty."""
        text = self.text
        return _cell(self.path, text) if text else None

    def cell_of(self, name: str) -> Cell | None:
        """The literal under a name with its path: what ``get(name).cell`` gives, without a node in between."""
        found = self.value.get(name) if isinstance(self.value, dict) else None
        if isinstance(found, str):
            return _cell(f"{self.path}.{name}", found) if found else None
        if isinstance(found, Decimal) or type(found) is int:
            return _cell(f"{self.path}.{name}", str(found))
        return None if found is None else self.get(name).cell

    def text_of(self, name: str) -> str:
        """The text of the literal under a name, or an empty string."""
        found = self.value.get(name) if isinstance(self.value, dict) else None
        if isinstance(found, str):
            return found
        return "" if found is None else self.get(name).text

    @property
    def moment(self) -> Moment | None:
        """The literal as a date, or ``None``."""
        return parse_moment(self.value) if isinstance(self.value, str) else None

    @property
    def number(self) -> Decimal | None:
        """The literal as a finite number, or ``None``."""
        return _finite(self.value)

    def figure(self, name: str) -> tuple[Cell | None, Decimal | None]:
        """The literal under a name with its path, and as a finite number."""
        found = self.value.get(name) if isinstance(self.value, dict) else None
        if isinstance(found, Decimal) or type(found) is int:
            number = found if isinstance(found, Decimal) else Decimal(found)
            return _cell(f"{self.path}.{name}", str(found)), number if number.is_finite() else None
        node = self.get(name)
        return node.cell, node.number

    def codings(self) -> tuple[Coding, ...]:
        """The codings of a CodeableConcept."""
        rows = [c for c in self.items("coding") if isinstance(c.value, dict)]
        return _codings(tuple((c.text_of("system"), c.text_of("code"), c.text_of("display")) for c in rows))

    def concept_cell(self) -> Cell | None:
        """The words of a CodeableConcept: its text, else the first display, else the first code."""
        text = self.cell_of("text")
        if text:
            return text
        codings = self.items("coding")
        for role in ("display", "code"):
            for coding in codings:
                cell = coding.cell_of(role)
                if cell:
                    return cell
        return None

    def coded(self, name: str) -> Coded:
        """The CodeableConcept under a name."""
        value = self.value
        if not isinstance(value, dict) or value.get(name) is None:
            return UNCODED
        return _coded_as(name)(self)


def _finite(value: object) -> Decimal | None:
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() else None


@lru_cache(maxsize=256)
def _coded_as(name: str) -> Callable[[Node], Coded]:
    """The reader of CodeableConcepts under one name."""

    @remembered(name)
    def read(node: Node) -> Coded:
        concept = node.get(name)
        return Coded(cell=concept.concept_cell(), codings=concept.codings())

    return read
