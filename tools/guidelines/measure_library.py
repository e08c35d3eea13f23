"""What others published: Measures, PlanDefinitions, Libraries and ValueSets of a folder, in bundles or alone."""

import gzip
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from tools.guidelines.measure import Direction, Measure, MeasureUnusable, measure_of, refuse_composite
from tools.guidelines.plan import Definitions, Expression, Plan, definitions
from tools.guidelines.plan_actions import frame, plans_of
from tools.guidelines.shelf import FHIR_HELPERS, Row, Shelf
from tools.guidelines.unusable import GuidelineUnusable
from tools.guidelines.value_set import ValueSet, value_sets

DIRECTIONS = Path(__file__).parent / "directions.toml"
"""Which way is better, read off the measures' own words by a person."""
Resource = Mapping[str, Any]
RETRIEVED = re.compile(rb'"dataType"\s*:\s*"\{http://hl7\.org/fhir\}(\w+)"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """A plan with the compiled logic that it asks."""

    plan: Plan
    """The plan."""
    elm: tuple[str, ...]
    """Content keys of its libraries, all that they include among them."""
    conditions: tuple[tuple[str, str], ...]
    """Library and define of each condition."""
    values: tuple[tuple[str, str], ...]
    """Library and define of each dynamic value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasureLibrary:
    """Measures and plans with the compiled logic and the value sets behind them."""

    measures: tuple[Measure, ...]
    """In the order of their names."""
    elm: Mapping[str, bytes]
    """Compiled libraries as published, by content key."""
    value_sets: tuple[ValueSet, ...]
    """In the order of their addresses."""
    broken: Mapping[str, str]
    """Measures that cannot be evaluated, by name, with the reason."""
    plans: tuple[Asking, ...] = ()
    """Every action of every PlanDefinition, in the order of their ids."""
    broken_plans: tuple[tuple[Plan, str], ...] = ()
    """Actions that cannot be evaluated, with the reason."""

    def retrieves(self, keys: Iterable[str] | None = None) -> frozenset[str]:
        """The FHIR types that libraries ask a chart for: those of some content keys, or all."""
        return frozenset(kind for key in (self.elm if keys is None else keys) for kind in retrieved(self.elm[key]))


@lru_cache(maxsize=512)
def retrieved(elm: bytes) -> frozenset[str]:
    """The FHIR types that the retrieves of one compiled library name; whom it is about is always there."""
    return frozenset(each.decode() for each in RETRIEVED.findall(elm)) - {"Patient"}


def curated(path: Path = DIRECTIONS) -> Mapping[str, Direction]:
    """The directions in a file: `[increase]` and `[decrease]`, each with a list `measures` of names."""
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    directions: dict[str, Direction] = {}
    for name in read.get("increase", {}).get("measures", ()):
        directions[name] = "increase"
    for name in read.get("decrease", {}).get("measures", ()):
        directions[name] = "decrease"
    return directions


def read_measures(
    paths: Sequence[Path],
    *,
    directions: Mapping[str, Direction] | None = None,
    compiled: Mapping[str, bytes] | None = None,
) -> MeasureLibrary:
    """Read every Measure and PlanDefinition beneath some files and folders, with the libraries and value sets there.

    Args:
        paths: `.json` or `.json.gz` files, or folders of them.
        directions: curated directions by measure name; the ones that come with Preround where none are given.
        compiled: ELM by library name, for libraries that are published as CQL only.

    Raises:
        MeasureUnusable: a file is not JSON.
        GuidelineUnusable: what stands there is not what it says it is.
    """
    shelf = Shelf((compiled or {}).values(), ours=[FHIR_HELPERS.read_bytes()])
    bundles = [(bundle, shelf.put(bundle)) for bundle in resources_beneath(paths)]
    every = [each for bundle, _ in bundles for each in bundle]
    measures, broken = _measures(bundles, shelf, curated() if directions is None else directions)
    plans, broken_plans = _plans(bundles, shelf, every)
    used = {key for one in measures for key in one.elm} | {key for asking in plans for key in asking.elm}
    return MeasureLibrary(
        measures=tuple(measures),
        elm={key: elm for key, elm in shelf.elm.items() if key in used},
        value_sets=value_sets(_of(every, "ValueSet"), _of(every, "CodeSystem")),
        broken=broken,
        plans=tuple(plans),
        broken_plans=tuple(broken_plans),
    )


def _of(resources: Iterable[Resource], kind: str) -> list[Resource]:
    return [each for each in resources if each.get("resourceType") == kind]


Bundles = Sequence[tuple[list[Resource], Row]]


def _measures(
    bundles: Bundles, shelf: Shelf, directions: Mapping[str, Direction]
) -> tuple[list[Measure], dict[str, str]]:
    measures: dict[str, Measure] = {}
    broken: dict[str, str] = {}
    for bundle, own in bundles:
        for resource in _of(bundle, "Measure"):
            name = str(resource.get("name") or resource.get("id"))
            try:
                refuse_composite(resource)
                main, elm = shelf.closure(next(iter(resource.get("library", ())), ""), own)
                found = measure_of(resource, main.name, elm, directions)
            except GuidelineUnusable as problem:
                broken[name] = str(problem)
            else:
                measures[found.id] = found
    return [measures[name] for name in sorted(measures)], broken


def _plans(bundles: Bundles, shelf: Shelf, every: list[Resource]) -> tuple[list[Asking], list[tuple[Plan, str]]]:
    """Each action once, the last that stands there for one id and version."""
    known = definitions(every)
    found: dict[tuple[str, str], Asking] = {}
    broken: list[tuple[Plan, str]] = []
    for bundle, own in bundles:
        for resource in _of(bundle, "PlanDefinition"):
            for plan in _actions(resource, known):
                key = (plan.recommendation.id, plan.recommendation.version)
                try:
                    found[key] = _asking(plan, shelf, own)
                except GuidelineUnusable as problem:
                    broken.append((plan, str(problem)))
    return [found[key] for key in sorted(found)], broken


def _actions(resource: Resource, known: Definitions) -> tuple[Plan, ...]:
    """The actions of a plan; one frame where they cannot be read."""
    try:
        return plans_of(resource, known)
    except GuidelineUnusable as problem:
        return (frame(resource, str(problem)),)
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        return (frame(resource, f"it is no PlanDefinition as FHIR R4 has it: {type(problem).__name__}"),)


def _asking(plan: Plan, shelf: Shelf, own: Row) -> Asking:
    if plan.blocked:
        raise GuidelineUnusable(plan.blocked)
    keys: dict[str, None] = {}

    def define(asked: Expression) -> tuple[str, str]:
        for library in asked.libraries:
            main, elm = shelf.closure(library, own)
            if asked.define in main.defines and asked.alias in ("", main.name):
                home = main.name
            elif asked.alias in main.aliases:
                home = main.aliases[asked.alias]
            else:
                continue
            keys.update(dict.fromkeys(elm))
            return home, asked.define
        raise GuidelineUnusable(f'none of its libraries has a define "{asked.define}"')

    conditions = [define(each) for each in plan.conditions]
    values = [define(each.expression) for each in plan.dynamic]
    return Asking(plan=plan, elm=tuple(keys), conditions=tuple(conditions), values=tuple(values))


def resources_beneath(paths: Iterable[Path]) -> Iterator[list[Resource]]:
    """The resources of each JSON file (`.json`, `.json.gz`) among some files and folders, a bundle unpacked.

    Raises:
        MeasureUnusable: a file is not JSON.
    """
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for each in inside:
            if each.name.endswith((".json", ".json.gz")) and not each.name.endswith(".elm.json"):
                yield _resources(each)


def _resources(path: Path) -> list[Resource]:
    raw = path.read_bytes()
    try:
        content = orjson.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    except (orjson.JSONDecodeError, OSError, EOFError) as problem:
        raise MeasureUnusable(f"{path.name} is not JSON") from problem
    if not isinstance(content, dict):
        return []
    if content.get("resourceType") == "Bundle":
        return [each["resource"] for each in content.get("entry", ()) if "resource" in each]
    return [content]
