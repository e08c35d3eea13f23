"""The measures of a folder: Measure, Library and ValueSet resources in bundles or alone, read once."""

import base64
import gzip
import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tools.guidelines.measure import Direction, Measure, MeasureUnusable, library_name, measure_of, refuse_composite

DIRECTIONS = Path(__file__).parent / "directions.toml"
"""Which way is better, read off the measures' own words by a person."""
ELM = "application/elm+json"


@dataclass(frozen=True, kw_only=True, slots=True)
class ValueSet:
    """An expanded value set."""

    url: str
    """Canonical address."""
    version: str
    """Its version; empty where it has none."""
    codes: tuple[tuple[str, str], ...]
    """Code and code system of each member."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasureLibrary:
    """Measures with the compiled logic and the value sets behind them."""

    measures: tuple[Measure, ...]
    """In the order of their names."""
    elm: Mapping[str, bytes]
    """Compiled libraries as published, by content key."""
    value_sets: tuple[ValueSet, ...]
    """In the order of their addresses."""
    broken: Mapping[str, str]
    """Measures that cannot be evaluated, by name, with the reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Library:
    key: str
    name: str
    version: str
    includes: tuple[tuple[str, str], ...]


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
    """Read every Measure beneath some files and folders, with the libraries and value sets that stand there.

    Args:
        paths: `.json` or `.json.gz` files, or folders of them.
        directions: curated directions by measure name; the ones that come with Preround where none are given.
        compiled: ELM by library name, for libraries that are published as CQL only.

    Raises:
        MeasureUnusable: a file is not JSON.
    """
    shelf = _Shelf(compiled or {})
    for bundle in resources_beneath(paths):
        shelf.put(bundle)
    return shelf.library(curated() if directions is None else directions)


def resources_beneath(paths: Iterable[Path]) -> Iterator[list[Mapping[str, Any]]]:
    """The resources of each JSON file (`.json`, `.json.gz`) among some files and folders, a bundle unpacked.

    Raises:
        MeasureUnusable: a file is not JSON.
    """
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for each in inside:
            if each.name.endswith((".json", ".json.gz")) and not each.name.endswith(".elm.json"):
                yield _resources(each)


def _resources(path: Path) -> list[Mapping[str, Any]]:
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


class _Shelf:
    """What has been read so far; a measure finds its libraries in its own bundle first."""

    def __init__(self, compiled: Mapping[str, bytes]) -> None:
        self._read: dict[bytes, _Library] = {}
        self._elm: dict[str, bytes] = {}
        self._all: dict[tuple[str, str], _Library] = {}
        self._sets: dict[tuple[str, str], ValueSet] = {}
        self._measures: list[tuple[Mapping[str, Any], dict[tuple[str, str], _Library]]] = []
        for elm in compiled.values():
            library = self._parsed(elm, elm)
            self._all[library.name, library.version] = library

    def put(self, resources: Sequence[Mapping[str, Any]]) -> None:
        own: dict[tuple[str, str], _Library] = {}
        for each in resources:
            if each.get("resourceType") == "Library":
                for library in self._libraries(each):
                    own[library.name, library.version] = library
            elif each.get("resourceType") == "ValueSet" and "url" in each:
                found = _value_set(each)
                if found is not None:
                    self._sets[found.url, found.version] = found
            elif each.get("resourceType") == "Measure":
                self._measures.append((each, own))
        self._all.update(own)

    def library(self, directions: Mapping[str, Direction]) -> MeasureLibrary:
        measures: dict[str, Measure] = {}
        broken: dict[str, str] = {}
        for resource, own in self._measures:
            name = str(resource.get("name") or resource.get("id"))
            try:
                refuse_composite(resource)
                found = measure_of(resource, self._closure(resource, own), directions)
            except MeasureUnusable as problem:
                broken[name] = str(problem)
            else:
                measures[found.id] = found
        used = {key for each in measures.values() for key in each.elm}
        return MeasureLibrary(
            measures=tuple(measures[name] for name in sorted(measures)),
            elm={key: elm for key, elm in self._elm.items() if key in used},
            value_sets=tuple(self._sets[key] for key in sorted(self._sets)),
            broken=broken,
        )

    def _libraries(self, resource: Mapping[str, Any]) -> Iterator[_Library]:
        for content in resource.get("content", ()):
            if content.get("contentType") == ELM and "data" in content:
                encoded = str(content["data"]).encode()
                yield self._read.get(encoded) or self._parsed(encoded, base64.b64decode(encoded))

    def _parsed(self, held: bytes, elm: bytes) -> _Library:
        library = orjson.loads(elm)["library"]
        identifier = library["identifier"]
        key = hashlib.sha256(elm).hexdigest()
        self._elm[key] = elm
        self._read[held] = _Library(
            key=key,
            name=identifier["id"],
            version=identifier.get("version", ""),
            includes=tuple(
                (library_name(each["path"]), each.get("version", ""))
                for each in library.get("includes", {}).get("def", ())
            ),
        )
        return self._read[held]

    def _closure(self, resource: Mapping[str, Any], own: Mapping[tuple[str, str], _Library]) -> list[str]:
        """The content keys of a measure's libraries, what they include behind them."""
        canonical = next(iter(resource.get("library", ())), "")
        waiting = [(library_name(canonical), canonical.partition("|")[2])]
        found: dict[str, str] = {}
        while waiting:
            name, version = waiting.pop()
            if name in found:
                continue
            library = _chosen(own, name, version) or _chosen(self._all, name, version)
            if library is None:
                raise MeasureUnusable(f"the library {name} {version} is not there".replace("  ", " "))
            found[name] = library.key
            waiting += library.includes
        return list(found.values())


def _chosen(shelf: Mapping[tuple[str, str], _Library], name: str, version: str) -> _Library | None:
    """The library of that version; of any version, the last, only where none is asked for."""
    if version:
        return shelf.get((name, version))
    versions = sorted(each for known, each in shelf if known == name)
    return shelf[name, versions[-1]] if versions else None


def _value_set(resource: Mapping[str, Any]) -> ValueSet | None:
    """The members that are listed; none where the value set is only described (a filter that nobody expanded)."""
    expansion = resource.get("expansion", {}).get("contains")
    include = resource.get("compose", {}).get("include", ())
    if expansion is not None:
        codes = list(_contained(expansion))
    elif include and all("concept" in each for each in include):
        codes = [(str(one["code"]), str(each.get("system", ""))) for each in include for one in each["concept"]]
    else:
        return None
    return ValueSet(url=resource["url"], version=str(resource.get("version", "")), codes=tuple(dict.fromkeys(codes)))


def _contained(concepts: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for each in concepts:
        if "code" in each and not each.get("abstract"):
            yield str(each["code"]), str(each.get("system", ""))
        yield from _contained(each.get("contains", ()))
