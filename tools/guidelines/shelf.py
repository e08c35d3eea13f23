"""The shelf of compiled libraries: each artifact finds those that it was published with first, then any other."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tools.guidelines.unusable import GuidelineUnusable

FHIR_HELPERS = Path(__file__).parent / "conversions" / "FHIRHelpers.elm.json"
"""FHIR types read as those of CQL, for logic that comes without the library."""
ELM = "application/elm+json"
Resource = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """One compiled library."""

    key: str
    """Hash of its content."""
    name: str
    """What other libraries include it by."""
    version: str
    """Its version; empty where it has none."""
    includes: tuple[tuple[str, str], ...]
    """Name and version of each library that it includes."""
    defines: frozenset[str]
    """The names of its defines."""
    aliases: Mapping[str, str]
    """The names of the libraries that it includes, by what it calls them."""


Row = dict[tuple[str, str], Compiled]
"""Libraries by name and version."""


def last_name(canonical: str) -> str:
    """The name that ends a canonical address."""
    return canonical.partition("|")[0].rpartition("/")[2].rpartition(":")[2]


class Shelf:
    """Libraries as they were published, read once.

    Args:
        compiled: ELM of libraries that are published as CQL only.
        ours: ELM of libraries that everybody includes (FHIRHelpers), taken where nothing else has the name, whatever
            version is asked for.
    """

    def __init__(self, compiled: Iterable[bytes] = (), ours: Iterable[bytes] = ()) -> None:
        self.elm: dict[str, bytes] = {}
        self._read: dict[bytes, Compiled] = {}
        self._all: Row = {}
        self._names: dict[tuple[str, str], tuple[str, str]] = {}
        self._ours = {each.name: each for each in (self._parsed(elm, elm) for elm in ours)}
        for elm in compiled:
            self._put(self._all, self._parsed(elm, elm))

    def put(self, resources: Iterable[Resource]) -> Row:
        """Take in the libraries of one bundle, which are its own row of the shelf."""
        own: Row = {}
        for resource in resources:
            if resource.get("resourceType") != "Library":
                continue
            for each in self._libraries(resource):
                self._put(own, each)
                self._called(resource, each.name, each.version)
            if not any(content.get("contentType") == ELM for content in resource.get("content", ())):
                # Compiled here and not published: its address still tells which library is meant.
                name = str(resource.get("name") or resource.get("id"))
                self._called(resource, name, str(resource.get("version", "")))
        self._all.update(own)
        return own

    def find(self, canonical: str, own: Row) -> Compiled | None:
        """The library that an address names: by the address or id of its resource, else by the name that ends it."""
        address, _, version = canonical.partition("|")
        for key in ((address, version), (last_name(address), version)):
            if key in self._names:
                return self._chosen(*self._names[key], own)
        return self._chosen(last_name(address), version, own)

    def closure(self, canonical: str, own: Row) -> tuple[Compiled, tuple[str, ...]]:
        """A library and the content keys of all that it includes, itself first.

        Raises:
            GuidelineUnusable: one of them is not there; the sentence names it.
        """
        main = self.find(canonical, own)
        if main is None:
            raise GuidelineUnusable(f"the library {last_name(canonical)} {canonical.partition('|')[2]}".rstrip() + GONE)
        found = {main.name: main.key}
        waiting = list(main.includes)
        while waiting:
            name, version = waiting.pop()
            if name in found:
                continue
            library = self._chosen(name, version, own) or self._ours.get(name)
            if library is None:
                raise GuidelineUnusable(f"the library {name} {version}".rstrip() + GONE)
            found[name] = library.key
            waiting += library.includes
        return main, tuple(found.values())

    def _chosen(self, name: str, version: str, own: Row) -> Compiled | None:
        """The library of that version; of any version, the last, only where none is asked for."""
        for row in (own, self._all):
            if version and (name, version) in row:
                return row[name, version]
            versions = [] if version else sorted(each for known, each in row if known == name)
            if versions:
                return row[name, versions[-1]]
        return None

    def _put(self, row: Row, library: Compiled) -> None:
        row[library.name, library.version] = library

    def _called(self, resource: Resource, name: str, version: str) -> None:
        for address in filter(None, (resource.get("url"), resource.get("id"))):
            for asked in {str(resource.get("version", "")), version, ""}:
                self._names.setdefault((str(address), asked), (name, version))

    def _libraries(self, resource: Resource) -> Iterator[Compiled]:
        for content in resource.get("content", ()):
            if content.get("contentType") == ELM and "data" in content:
                encoded = str(content["data"]).encode()
                yield self._read.get(encoded) or self._parsed(encoded, base64.b64decode(encoded))

    def _parsed(self, held: bytes, elm: bytes) -> Compiled:
        try:
            library = orjson.loads(elm)["library"]
            identifier = library["identifier"]
            name = str(identifier["id"])
        except (orjson.JSONDecodeError, KeyError, TypeError) as problem:
            raise GuidelineUnusable(
                "give compiled libraries as ELM in JSON; one of them is something else"
            ) from problem
        key = hashlib.sha256(elm).hexdigest()
        self.elm[key] = elm
        self._read[held] = Compiled(
            key=key,
            name=name,
            version=identifier.get("version", ""),
            includes=tuple(
                (last_name(each["path"]), each.get("version", ""))
                for each in library.get("includes", {}).get("def", ())
            ),
            aliases={
                each["localIdentifier"]: last_name(each["path"]) for each in library.get("includes", {}).get("def", ())
            },
            defines=frozenset(each["name"] for each in library.get("statements", {}).get("def", ())),
        )
        return self._read[held]


GONE = " is not there"
