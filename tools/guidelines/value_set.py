"""Value sets with their members listed: as they were expanded, or worked out from what stands beside them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Resource = Mapping[str, Any]
Code = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ValueSet:
    """An expanded value set."""

    url: str
    """Canonical address."""
    version: str
    """Its version; empty where it has none."""
    codes: tuple[Code, ...]
    """Code and code system of each member."""


class _Unlisted(Exception):
    """A member list that only a terminology server could make."""


def value_sets(sets: Sequence[Resource], systems: Sequence[Resource]) -> tuple[ValueSet, ...]:
    """The value sets whose members can be listed, in the order of their addresses.

    A set that is only described (a filter that nobody expanded) is not among them: what asks for it fails closed.

    Args:
        sets: ValueSet resources.
        systems: CodeSystem resources; a set may take in a whole one that is complete.
    """
    known = {str(each["url"]): each for each in systems if each.get("content") == "complete" and "url" in each}
    named = {str(each["url"]): each for each in sets if "url" in each}
    found: dict[tuple[str, str], ValueSet] = {}
    for each in sets:
        if "url" not in each:
            continue
        try:
            codes = _members(each, named, known, frozenset())
        except (_Unlisted, KeyError, TypeError):
            continue
        version = str(each.get("version", ""))
        found[each["url"], version] = ValueSet(url=each["url"], version=version, codes=tuple(dict.fromkeys(codes)))
    return tuple(found[key] for key in sorted(found))


def _members(
    resource: Resource, sets: Mapping[str, Resource], systems: Mapping[str, Resource], within: frozenset[str]
) -> list[Code]:
    expansion = resource.get("expansion", {})
    if "contains" in expansion:
        return list(_contained(expansion["contains"]))
    if expansion.get("total") == 0:
        return []
    compose = resource.get("compose", {})
    url = str(resource.get("url", ""))
    if not compose.get("include") or url in within:
        raise _Unlisted
    inside = within | {url}
    included = [code for each in compose["include"] for code in _included(each, sets, systems, inside)]
    excluded = {code for each in compose.get("exclude", ()) for code in _included(each, sets, systems, inside)}
    return [each for each in included if each not in excluded]


def _included(
    part: Resource, sets: Mapping[str, Resource], systems: Mapping[str, Resource], within: frozenset[str]
) -> list[Code]:
    """One include: the codes listed, or a whole code system, cut to those in each value set that it names."""
    if "filter" in part:
        raise _Unlisted
    system = str(part.get("system", ""))
    codes: list[Code] | None = None
    if "concept" in part:
        codes = [(str(each["code"]), system) for each in part["concept"]]
    elif system:
        if system not in systems:
            raise _Unlisted
        codes = [(code, system) for code in _concepts(systems[system].get("concept", ()))]
    for canonical in part.get("valueSet", ()):
        other = sets.get(str(canonical).partition("|")[0])
        if other is None:
            raise _Unlisted
        members = _members(other, sets, systems, within)
        codes = members if codes is None else [each for each in codes if each in set(members)]
    if codes is None:
        raise _Unlisted
    return codes


def _concepts(concepts: Iterable[Resource]) -> Iterator[str]:
    for each in concepts:
        yield str(each["code"])
        yield from _concepts(each.get("concept", ()))


def _contained(concepts: Iterable[Resource]) -> Iterator[Code]:
    for each in concepts:
        if "code" in each and not each.get("abstract"):
            yield str(each["code"]), str(each.get("system", ""))
        yield from _contained(each.get("contains", ()))
