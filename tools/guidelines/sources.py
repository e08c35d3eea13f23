"""Guideline files in whatever layout: bundles, single resources, NDJSON, CQL, ELM, archives, folders of them."""

import gzip
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from tools.guidelines.compile import Source, source_of
from tools.guidelines.rules import FILE as RULES
from tools.guidelines.unusable import GuidelineUnusable

Resource = Mapping[str, Any]
MOST_BYTES = 512 * 1024 * 1024
"""Of all that is read, unpacked."""
MOST_FILES = 50_000
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
MODEL = re.compile(r"<(?:\w+:)?modelInfo\b([^>]*)>")
SKIPPED = frozenset({"package.json", ".index.json", "package-lock.json"})
SUFFIXES = (".json", ".ndjson", ".jsonl", ".cql", ".xml", ".yaml", ".yml", ".gz", ".tgz", ".tar", ".zip", RULES)


@dataclass(kw_only=True, slots=True)
class Found:
    """What stood in the files, sorted by what it is."""

    bundles: list[list[Resource]] = field(default_factory=list)
    """FHIR resources, those of one bundle together."""
    cql: list[Source] = field(default_factory=list)
    """Libraries as text."""
    elm: list[bytes] = field(default_factory=list)
    """Compiled libraries that stand beside the resources."""
    models: dict[str, str] = field(default_factory=dict)
    """Model information by "NAME-VERSION"."""
    cases: dict[str, bytes] = field(default_factory=dict)
    """Cases for them by the name of their file: of measures as JSON, of recommendations as YAML."""
    site: bytes | None = None
    """What the site wants of them (`site.toml`), where that came along."""
    unread: list[str] = field(default_factory=list)
    """What cannot be read, each with the reason."""

    @property
    def resources(self) -> list[Resource]:
        """All of them."""
        return [each for bundle in self.bundles for each in bundle]


def read(path: Path) -> Found:
    """Read a file, an archive or a folder.

    Raises:
        GuidelineUnusable: there is too much of it, or the one file given is not what its name says.
    """
    found = Found()
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    left = _Bound()
    for each in files:
        name = each.relative_to(path).as_posix() if path.is_dir() else each.name
        if path.is_dir() and (not name.lower().endswith(SUFFIXES) or "node_modules" in each.parts):
            continue
        left.take(each.stat().st_size)
        _put(found, name, each.read_bytes(), left)
    return found


def read_bytes(name: str, data: bytes) -> Found:
    """Read what was fetched; what it is shows its content, whatever it is called."""
    found, left = Found(), _Bound()
    left.take(len(data))
    _put(found, name, data, left)
    return found


class _Bound:
    """How much may still be unpacked."""

    def __init__(self) -> None:
        self.bytes, self.files = MOST_BYTES, MOST_FILES

    def take(self, size: int) -> None:
        self.bytes, self.files = self.bytes - size, self.files - 1
        if self.bytes < 0 or self.files < 0:
            raise GuidelineUnusable(f"give less at once: it is more than {MOST_BYTES >> 20} MB or {MOST_FILES} files")


def _put(found: Found, name: str, data: bytes, left: _Bound) -> None:
    if PurePosixPath(name).name in SKIPPED:
        return
    if data.startswith(GZIP):
        _put(found, re.sub(r"\.(?:gz|tgz)$", "", name), _unpacked(name, data, left), left)
    elif data.startswith(ZIP):
        for inside, content in _zipped(name, data, left):
            _put(found, inside, content, left)
    elif data[257:262] == b"ustar":
        for inside, content in _archived(name, data, left):
            _put(found, inside, content, left)
    else:
        _sort(found, name, data)


def _sort(found: Found, name: str, data: bytes) -> None:
    data = data.removeprefix(b"\xef\xbb\xbf")
    lower, start = name.lower(), data.lstrip()[:1]
    if lower.endswith(".cql"):
        found.cql.append(source_of(data.decode("utf-8", errors="replace"), name=PurePosixPath(name).stem))
    elif PurePosixPath(name).name == RULES:
        found.site = data
    elif start == b"<":
        _xml(found, name, data.decode("utf-8", errors="replace"))
    elif start in (b"{", b"["):
        _json(found, name, data)
    elif lower.endswith((".yaml", ".yml")):
        if re.search(rb"(?m)^recommendation:", data):
            found.cases[PurePosixPath(name).name] = data
    elif lower.endswith((".json", ".ndjson", ".jsonl")):
        raise GuidelineUnusable(f"{name} is not JSON")


def _xml(found: Found, name: str, text: str) -> None:
    model = MODEL.search(text)
    if model:
        given = dict(re.findall(r'(\w+)="([^"]*)"', model[1]))
        found.models[f"{given.get('name')}-{given.get('version')}"] = text
    elif re.match(r"(?:\s*<\?xml[^>]*>)?\s*<(?:Bundle|Measure|PlanDefinition|Library|ValueSet)\b", text):
        found.unread.append(f"{name}: it is FHIR as XML; give it as JSON")


def _json(found: Found, name: str, data: bytes) -> None:
    try:
        content = orjson.loads(data)
    except orjson.JSONDecodeError as problem:
        try:
            content = [orjson.loads(line) for line in data.splitlines() if line.strip()]
        except orjson.JSONDecodeError:
            raise GuidelineUnusable(f"{name} is not JSON") from problem
        found.bundles.append([one for each in content for one in _resources(each)])
        return
    if isinstance(content, list):
        if content and all(isinstance(each, dict) and {"expected", "bundle"} <= set(each) for each in content):
            found.cases[PurePosixPath(name).name.removesuffix(".json") + ".json"] = data
        else:
            found.bundles.append([one for each in content for one in _resources(each)])
    elif isinstance(content.get("library"), dict) and "identifier" in content["library"]:
        found.elm.append(data)
    else:
        found.bundles.append(list(_resources(content)))


def _resources(content: Any, depth: int = 0) -> Iterator[Resource]:  # noqa: ANN401 - JSON
    """A resource, or those of a bundle, of a Parameters, of bundles within them."""
    if not isinstance(content, dict) or depth > 6 or "resourceType" not in content:
        return
    if content["resourceType"] not in ("Bundle", "Parameters"):
        yield content
        return
    for each in (*content.get("entry", ()), *content.get("parameter", ())):
        yield from _resources(each.get("resource"), depth + 1)


def _unpacked(name: str, data: bytes, left: _Bound) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            content = packed.read(max(0, left.bytes) + 1)
    except (OSError, EOFError, zlib.error) as problem:
        raise GuidelineUnusable(f"{name} is damaged: it cannot be unpacked") from problem
    left.take(len(content))
    return content


def _archived(name: str, data: bytes, left: _Bound) -> Iterator[tuple[str, bytes]]:
    """The regular files of a tar archive, read in memory: nothing of it is ever a path of this machine."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                file = (
                    archive.extractfile(member) if member.isfile() and member.name.lower().endswith(SUFFIXES) else None
                )
                if file is not None:
                    left.take(0)
                    yield member.name, file.read()
    except (tarfile.TarError, OSError, EOFError) as problem:
        raise GuidelineUnusable(f"{name} is damaged: it cannot be unpacked") from problem


def _zipped(name: str, data: bytes, left: _Bound) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                if member.is_dir() or not member.filename.lower().endswith(SUFFIXES):
                    continue
                left.take(member.file_size)
                with archive.open(member) as file:
                    yield member.filename, file.read(member.file_size + 1)
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, RuntimeError, NotImplementedError) as problem:
        raise GuidelineUnusable(f"{name} is damaged: it cannot be unpacked") from problem
