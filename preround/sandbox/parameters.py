"""The search parameters and resource types, read from the two TOML files beside this module."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any, Literal, cast

Kind = Literal["token", "reference", "date", "string", "quantity", "uri"]

CHOICES: dict[str, tuple[str, ...]] = {
    "date": ("DateTime", "Period", "Timing", "Instant", "Date"),
    "token": ("CodeableConcept", "Coding", "Code", "Boolean"),
    "reference": ("Reference",),
    "quantity": ("Quantity", "Range", "Age"),
    "string": ("String",),
    "uri": ("Uri",),
}
"""Which choices of a value[x] element each kind of parameter indexes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One element name of a path."""

    name: str
    """Element name."""
    where: tuple[str, str] | None = None
    """Keep only elements whose member of this name has this value."""


Path = tuple[Step, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One search parameter of one resource type."""

    name: str
    """Name in the query."""
    kind: Kind
    """How its values are indexed and compared."""
    paths: tuple[Path, ...]
    """Where its values stand in the resource."""
    presence: bool
    """Whether its one value says that the paths hold something other than false."""
    targets: frozenset[str]
    """Types that a reference may point at; empty: any."""
    number: int
    """Number of its rows in the index; parameters over the same paths share one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """Everything the sandbox knows about resource types."""

    types: frozenset[str]
    """Storable types."""
    unchecked: frozenset[str]
    """Types whose elements the R4B models cannot check."""
    supporting: frozenset[str]
    """Types that `$everything` adds when the compartment points at them."""
    compartment: Mapping[str, tuple[str, ...]]
    """Reference parameters that put a type's resources into a patient's compartment."""
    parameters: Mapping[str, Mapping[str, Parameter]]
    """Parameters by type and name."""

    def indexed(self, resource_type: str) -> tuple[Parameter, ...]:
        """One parameter for each set of index rows of a type."""
        return tuple({parameter.number: parameter for parameter in self.parameters[resource_type].values()}.values())


@cache
def registry() -> Registry:
    """The registry, read once."""
    types = _toml("resource_types.toml")
    declared = _toml("search_parameters.toml")
    common = declared.pop("common")
    parameters = {name: _parameters(name, {**common, **declared.get(name, {})}) for name in sorted(types["names"])}
    _check_numbers(parameters)
    return Registry(
        types=frozenset(types["names"]),
        unchecked=frozenset(types["unchecked"]),
        supporting=frozenset(types["supporting"]),
        compartment={name: tuple(members) for name, members in types["patient_compartment"].items()},
        parameters=parameters,
    )


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(files("preround.sandbox").joinpath(name).read_text("utf-8"))


def _parameters(resource_type: str, lines: Mapping[str, str]) -> dict[str, Parameter]:
    return {name: _parameter(resource_type, name, line) for name, line in sorted(lines.items())}


def _parameter(resource_type: str, name: str, line: str) -> Parameter:
    definition, _, targets = line.partition("->")
    declared, _, paths = definition.strip().partition(" ")
    kind = "token" if declared == "presence" else declared
    return Parameter(
        name=name,
        kind=cast(Kind, kind),
        presence=declared == "presence",
        paths=tuple(path for text in paths.split("|") for path in _paths(kind, text.strip())),
        targets=frozenset(target.strip() for target in targets.split(",") if target.strip()),
        number=row_number(f"{resource_type} {declared} {paths.strip()}"),
    )


def _paths(kind: str, text: str) -> Iterator[Path]:
    stem, star, rest = text.partition("*")
    if rest:
        raise ValueError(f"A star stands only at the end of a path: {text}.")
    for choice in CHOICES[kind] if star else ("",):
        yield tuple(_step(step) for step in re.findall(r"[^.\[]+(?:\[[^\]]*\])?", stem + choice))


def _step(text: str) -> Step:
    name, _, condition = text.rstrip("]").partition("[")
    member, _, value = condition.partition("=")
    return Step(name=name, where=(member, value) if member else None)


def row_number(text: str) -> int:
    """A number of 31 bits for an index's name: the same in every process and version."""
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest()) >> 1


def _check_numbers(parameters: Mapping[str, Mapping[str, Parameter]]) -> None:
    seen: dict[int, tuple[str, Kind, tuple[Path, ...]]] = {}
    for resource_type, members in parameters.items():
        for parameter in members.values():
            meaning = (resource_type, parameter.kind, parameter.paths)
            if seen.setdefault(parameter.number, meaning) != meaning:
                raise ValueError(f"Two search parameters share row number {parameter.number}: reword one path.")
