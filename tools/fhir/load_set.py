"""A set of resources made ready to load: ids kept or given, references between them settled, the referred-to first."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from tools.fhir import wire
from tools.fhir.errors import LoadError
from tools.fhir.query import is_id
from tools.fhir.stored import references
from tools.fhir.wire import Json, Resource

_NAMESPACE = uuid.UUID("2b9f2f5e-5d43-5d0c-8a4e-6f1f4d0c9a77")

Identifiers = Mapping[tuple[str, str | None, str], set[str]]
"""`Type/id`s by type, identifier system (None: any) and value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadEntry:
    """One resource to load."""

    resource: Resource
    """The FHIR JSON; without an id it is given one that is the same every time."""
    full_url: str | None
    """`fullUrl` of its bundle entry, by which others in the bundle refer to it."""
    place: str
    """Where it stands, for messages: the file and the entry's number."""

    @property
    def reference(self) -> str:
        """`Type/id`."""
        return f"{self.resource['resourceType']}/{self.resource['id']}"


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadSource:
    """The entries of one file, or of one line of it: the space in which a `fullUrl` is unique."""

    entries: tuple[LoadEntry, ...]
    """In the file's order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadSet:
    """Everything to load, each resource once, in an order in which what is referred to comes first."""

    entries: tuple[LoadEntry, ...]
    """Ready to send, but for the conditional references in `open`."""
    open: frozenset[str]
    """Conditional references, such as `Practitioner?identifier=…`, that the set itself does not answer."""
    replaced: int
    """Entries left out because a later one has the same type and id."""
    unresolved: int
    """References to a `urn:uuid:` that is in none of the sources; they stay as they are."""


def prepare(sources: Sequence[LoadSource]) -> LoadSet:
    """Settle ids, `fullUrl` references and conditional references over all the sources, whatever their order.

    Raises:
        LoadError: a conditional reference fits several resources.
    """
    named = [tuple(_with_id(entry) for entry in source.entries) for source in sources]
    local = [{e.full_url: e.reference for e in entries if e.full_url is not None} for entries in named]
    everywhere = {url: reference for urls in reversed(local) for url, reference in urls.items()}
    latest = {entry.reference: entry for entries in named for entry in entries}
    identifiers = _identifiers(latest.values())
    settled: list[LoadEntry] = []
    left_open: set[str] = set()
    unresolved = 0
    for entries, urls in zip(named, local, strict=True):
        for entry in entries:
            if latest[entry.reference] is not entry:
                continue
            names = {}
            for text in {*references(entry.resource), *_urls(entry.resource)}:
                target = urls.get(text) or everywhere.get(text) or _conditional(text, identifiers, entry.place)
                if target is not None:
                    names[text] = target
                elif is_conditional(text):
                    left_open.add(text)
                unresolved += target is None and text.startswith("urn:uuid:")
            settled.append(_replaced(entry, _renamed(entry.resource, names)))
    return LoadSet(
        entries=tuple(_in_order(settled)),
        open=frozenset(left_open),
        replaced=sum(map(len, named)) - len(latest),
        unresolved=unresolved,
    )


def is_conditional(reference: str) -> bool:
    """True for a reference of the form `Type?search`."""
    kind, mark, query = reference.partition("?")
    return bool(mark and query) and kind.isascii() and kind.isalpha() and kind[:1].isupper()


def identifier_in(reference: str) -> tuple[str | None, str] | None:
    """System (None where it names none) and value of `Type?identifier=system|value`; None for other searches."""
    _, _, query = reference.partition("?")
    name, _, token = query.partition("=")
    if name != "identifier" or "&" in token or not token:
        return None
    system, bar, value = unquote(token).rpartition("|")
    return (system if bar else None, value)


def answered(entry: LoadEntry, answers: Mapping[str, Resource]) -> LoadEntry:
    """The entry with each Reference whose `reference` is in `answers` replaced by what stands there, display kept."""
    return _replaced(entry, _answered(entry.resource, answers))


def _answered(value: Json, answers: Mapping[str, Resource]) -> Json:
    if isinstance(value, dict):
        text = value.get("reference")
        if isinstance(text, str) and text in answers:
            return {**{name: item for name, item in value.items() if name != "reference"}, **answers[text]}
        return {
            name: _answered(item, answers) if isinstance(item, (dict, list)) else item for name, item in value.items()
        }
    return [_answered(item, answers) for item in value] if isinstance(value, list) else value


def _replaced(entry: LoadEntry, resource: Resource) -> LoadEntry:
    return LoadEntry(resource=resource, full_url=entry.full_url, place=entry.place)


def _with_id(entry: LoadEntry) -> LoadEntry:
    if "id" in entry.resource:
        return entry
    kind, _, name = (entry.full_url or "").rpartition(":")
    if kind != "urn:uuid" or not is_id(name):
        name = str(uuid.uuid5(_NAMESPACE, wire.sha256(entry.resource)))
    return _replaced(entry, {**entry.resource, "id": name})


def _identifiers(entries: Iterable[LoadEntry]) -> Identifiers:
    found: dict[tuple[str, str | None, str], set[str]] = defaultdict(set)
    for entry in entries:
        listed = entry.resource.get("identifier")
        for identifier in listed if isinstance(listed, list) else [listed]:
            if isinstance(identifier, dict) and isinstance(identifier.get("value"), str):
                kind = entry.resource["resourceType"]
                for system in (identifier.get("system", ""), None):
                    found[kind, system, identifier["value"]].add(entry.reference)
    return found


def _conditional(text: str, identifiers: Identifiers, place: str) -> str | None:
    asked = identifier_in(text) if is_conditional(text) else None
    if asked is None:
        return None
    found = identifiers.get((text.partition("?")[0], *asked), set())
    if len(found) > 1:
        msg = f"{place}: a conditional reference fits {len(found)} resources: make its identifier unique."
        raise LoadError(msg)
    return next(iter(found), None)


def _urls(value: Json) -> Iterator[str]:
    """Attachment addresses, which a bundle may point at its own entries as well."""
    if isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, (dict, list)):
                yield from _urls(item)
            elif name == "url" and isinstance(item, str) and item.startswith("urn:uuid:"):
                yield item
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, (dict, list)):
                yield from _urls(item)


def _renamed(value: Json, names: Mapping[str, str]) -> Json:
    if isinstance(value, dict):
        return {
            name: _renamed(item, names) if isinstance(item, (dict, list)) else _link(name, item, names)
            for name, item in value.items()
        }
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value


def _link(name: str, item: Json, names: Mapping[str, str]) -> Json:
    """What a link becomes; what is no link of the set stays."""
    if name == "reference" or (name == "url" and isinstance(item, str) and item.startswith("urn:uuid:")):
        return names.get(item, item) if isinstance(item, str) else item
    return item


def _in_order(entries: Sequence[LoadEntry]) -> Iterator[LoadEntry]:
    """Depth first, the referred-to before the referring; circles are cut where they close."""
    by_name = {entry.reference: entry for entry in entries}
    done: set[str] = set()
    for first in by_name:
        stack = [(first, iter(sorted(set(references(by_name[first].resource)))))]
        if first in done:
            continue
        done.add(first)
        while stack:
            name, rest = stack[-1]
            following = next((r for r in rest if r in by_name and r not in done), None)
            if following is None:
                stack.pop()
                yield by_name[name]
            else:
                done.add(following)
                stack.append((following, iter(sorted(set(references(by_name[following].resource))))))
