"""Bundles as text, put together from the stored texts of the resources without parsing them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from preround.sandbox import tables
from preround.sandbox.document import Json, parse, serialise
from preround.sandbox.including import in_keys
from preround.sandbox.terms import Search
from preround.sandbox.versions import Version

_SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
_ALWAYS = frozenset({"resourceType", "id", "meta"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A current resource as stored."""

    path: str
    """Type and id."""
    body: str
    """JSON text."""


def stored(connection: Connection, keys: Sequence[int]) -> list[Stored]:
    """The current texts of resources, in the order of the keys."""
    r, v = tables.resource.c, tables.version.c
    query = select(r.key, r.type, r.id, v.body).join(tables.version, r.seq == v.seq).where(in_keys(r.key, keys))
    rows = {
        key: Stored(path=f"{kind}/{logical_id}", body=body) for key, kind, logical_id, body in connection.execute(query)
    }
    return [rows[key] for key in keys]


def search_entries(found: Iterable[Stored], base: str, mode: str) -> list[str]:
    """Entries of a searchset.

    Args:
        found: the resources.
        base: the server's address.
        mode: `match` or `include`.
    """
    tail = f',"search":{{"mode":"{mode}"}}}}'
    return [f'{{"fullUrl":"{base}/{one.path}","resource":{one.body}{tail}' for one in found]


def history_entries(versions: Iterable[Version], base: str) -> list[str]:
    """Entries of a history, in the order given."""
    return [_history_entry(version, base) for version in versions]


def _history_entry(version: Version, base: str) -> str:
    made = version.method if version.method in {"POST", "DELETE"} else "PUT"
    status = "204" if version.body is None else "201" if version.version == 1 else "200"
    about: Json = {
        "request": {"method": made, "url": version.type if made == "POST" else version.path},
        "response": {"status": status, "etag": version.etag, "lastModified": version.modified.isoformat()},
    }
    body = "" if version.body is None else f'"resource":{version.body},'
    return f'{{"fullUrl":"{base}/{version.path}",{body}{serialise(about)[1:]}'


def bundle(
    kind: str, entries: Sequence[str], *, links: Sequence[tuple[str, str]] = (), total: int | None = None
) -> str:
    """A Bundle.

    Args:
        kind: `Bundle.type`.
        entries: JSON texts.
        links: relation and address.
        total: `Bundle.total`; left out if None.
    """
    parts = [f'"resourceType":"Bundle","type":"{kind}"']
    if total is not None:
        parts.append(f'"total":{total}')
    if links:
        parts.append(f'"link":{serialise([{"relation": relation, "url": url} for relation, url in links])}')
    if entries:  # FHIR knows no empty lists
        parts.append(f'"entry":[{",".join(entries)}]')
    return "{" + ",".join(parts) + "}"


def reduced(found: Iterable[Stored], search: Search) -> list[Stored]:
    """The resources with only the elements asked for; as they are if all were."""
    if not search.elements and not search.without_text:
        return list(found)
    return [Stored(path=one.path, body=serialise(_reduced(parse(one.body.encode()), search))) for one in found]


def _reduced(content: Json, search: Search) -> Json:
    dropped = {"text"} if search.without_text else set()
    kept = {
        name: value
        for name, value in content.items()
        if name not in dropped and (not search.elements or name.removeprefix("_") in search.elements | _ALWAYS)
    }
    meta = kept["meta"]
    return {**kept, "meta": {**meta, "tag": [*meta.get("tag", []), _SUBSETTED]}}
