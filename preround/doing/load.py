"""`preround load`: files and folders of FHIR JSON, read, checked and brought to the server."""

import asyncio
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.fhir import wire
from tools.fhir.auth import Auth
from tools.fhir.bulk_load import BulkLoader, Loaded, OnProgress
from tools.fhir.errors import LoadError
from tools.fhir.limits import Limits
from tools.fhir.load_set import LoadEntry, LoadSource
from tools.fhir.query import is_id
from tools.fhir.transport import Transport
from tools.fhir.wire import Json, Resource

_NAMES = re.compile(r".+\.(json|ndjson|jsonl)(\.gz)?", re.IGNORECASE)
_LINES = re.compile(r".+\.(ndjson|jsonl)(\.gz)?", re.IGNORECASE)
_GZIP = b"\x1f\x8b"
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_LOADABLE = frozenset({"transaction", "batch", "collection", "searchset", "document", "message"})
_LARGEST = 1024**3
"""Bytes of one file, decompressed."""


async def load(
    paths: Sequence[Path],
    *,
    base_url: str,
    transport: Transport | None = None,
    auth: Auth | None = None,
    limits: Limits | None = None,
    on_progress: OnProgress | None = None,
) -> Loaded:
    """Load files (JSON or NDJSON, also gzipped) and folders of them into a FHIR server.

    Everything is read and checked before anything is sent, so an unusable file means that nothing was loaded.

    Args:
        paths: files and folders, in any order; of a folder, its .json, .ndjson and .jsonl files (also .gz).
        base_url: the server's FHIR base URL.
        transport: None for real HTTP.
        auth: None for an open server.
        limits: None for the usual ones.
        on_progress: called with resources done and resources in all.

    Raises:
        LoadError: a file can't be used, or the server refused an entry; names file and entry, and what was loaded.
        FhirUnreachable: no answer within the limits.
    """
    sources = await asyncio.to_thread(read_sources, paths)
    async with BulkLoader(base_url, transport=transport, auth=auth, limits=limits) as loader:
        return await loader.load(sources, on_progress=on_progress)


def numbers(done: Loaded) -> dict[str, int]:
    """What there is to say of a load beside what was loaded."""
    return {
        "unchanged": done.unchanged,
        "replaced": done.replaced,
        "logical_references": done.logical_references,
        "unresolved_references": done.unresolved_references,
    }


def remarks(done: Loaded) -> Iterator[str]:
    """What whoever loads should look at, a sentence each."""
    if done.replaced:
        yield f"{done.replaced} were left out, because a later one in the files has the same type and id."
    if done.logical_references:
        yield f"{done.logical_references} references name nobody here: they were kept as references by identifier."
    if done.unresolved_references:
        yield f"{done.unresolved_references} references to urn:uuid: lead nowhere: they were kept as they are."


def read_sources(paths: Sequence[Path]) -> list[LoadSource]:
    """The entries of all files, checked.

    Raises:
        LoadError: a path is not there, holds nothing to load, or a file is broken.
    """
    return [source for path in paths for file in _files(path) for source in _sources(file)]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise _unusable(path.name, "there is no such file or folder: check the path")
    found = sorted(f for f in path.rglob("*") if f.is_file() and _NAMES.fullmatch(f.name) and f.name[0] != ".")
    if not found:
        raise _unusable(path.name, "the folder holds no .json, .ndjson or .jsonl file: check the path")
    return found


def _sources(file: Path) -> Iterator[LoadSource]:
    text = _text(file)
    if _LINES.fullmatch(file.name):
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield _source(_parsed(line, f"{file.name}, line {number}"), f"{file.name}, line {number}")
    else:
        yield _source(_parsed(text, file.name), file.name)


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            packed = opened.read(2) == _GZIP
            opened.seek(0)
            content = gzip.GzipFile(fileobj=opened).read(_LARGEST + 1) if packed else opened.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise _unusable(file.name, "it is larger than 1 GiB: split it")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unusable(file.name, "it is not UTF-8 text: save it as JSON in UTF-8") from None
    except (OSError, EOFError, zlib.error):
        raise _unusable(file.name, "it can't be read, or its compression is broken: get the file again") from None


def _parsed(text: str, place: str) -> Json:
    if not text.strip():
        raise _unusable(place, "it is empty: get the file again")
    try:
        return wire.parse(text)
    except ValueError:
        raise _unusable(place, "it is not complete JSON: correct it or get the file again") from None


def _source(value: Json, place: str) -> LoadSource:
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise _unusable(place, "it is not a FHIR resource or bundle: leave it out or correct it")
    if value["resourceType"] != "Bundle":
        return LoadSource(entries=(_entry(value, None, place),))
    if value.get("type") not in _LOADABLE:
        raise _unusable(place, "this type of bundle can't be loaded: make it a transaction, batch or collection")
    entries = value.get("entry", [])
    if not isinstance(entries, list):
        raise _unusable(place, "the bundle's entry is not a list: correct it")
    return LoadSource(entries=tuple(_entries(entries, place, searchset=value["type"] == "searchset")))


def _entries(entries: list[Json], place: str, *, searchset: bool) -> Iterator[LoadEntry]:
    for number, entry in enumerate(entries):
        where = f"{place}, entry[{number}]"
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            raise _unusable(where, "it has no resource: correct the bundle")
        if searchset and resource.get("resourceType") == "OperationOutcome":
            continue
        request = entry.get("request")
        if isinstance(request, dict) and request.get("method") not in {"POST", "PUT", None}:
            raise _unusable(where, "only POST and PUT entries are loaded: take the others out")
        full_url = entry.get("fullUrl")
        yield _entry(resource, full_url if isinstance(full_url, str) else None, where)


def _entry(resource: Resource, full_url: str | None, place: str) -> LoadEntry:
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise _unusable(place, "it has no usable resourceType: correct it")
    name = resource.get("id")
    if name is not None and not (isinstance(name, str) and is_id(name)):
        raise _unusable(place, "its id is not a FHIR id (1 to 64 letters, digits, - and .): correct it")
    try:
        wire.dump(resource)
    except ValueError:
        raise _unusable(place, "it holds text or a number that JSON can't carry: correct it") from None
    return LoadEntry(resource=resource, full_url=full_url, place=place)


def _unusable(place: str, why: str) -> LoadError:
    return LoadError(f"{place}: {why}; nothing was loaded.")
