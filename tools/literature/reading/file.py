"""A file to be read: its name in the index, and its bytes, unpacked and bounded."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.literature.errors import FileUnusable

SUFFIXES = (".xml", ".jsonl", ".ndjson", ".md", ".markdown", ".txt", ".nbib", ".pdf")
PACKED = ".gz"
MOST_BYTES = 4 * 1024**3
"""Of one file, unpacked."""
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One file."""

    path: Path
    """Where it lies."""
    name: str
    """Its path from the folder that was given, that folder's name first: what the index calls it."""

    @property
    def kind(self) -> str:
        """Its suffix without the packing, such as `.xml`."""
        return Path(self.path.name.lower().removesuffix(PACKED)).suffix

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.path.stat().st_size

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, unpacked.

        Raises:
            FileUnusable: it cannot be read or unpacked, ends early, or is larger than `MOST_BYTES`.
        """
        total = 0
        try:
            with gzip.open(self.path) if self.path.name.lower().endswith(PACKED) else self.path.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    total += len(chunk)
                    if total > MOST_BYTES:
                        raise FileUnusable(
                            f"{self.name} is larger than {MOST_BYTES >> 30} GB: split it, then index again"
                        )
                    yield chunk
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise FileUnusable(f"{self.name} is not whole: fetch it again, then index again") from error
        except OSError as error:
            raise FileUnusable(f"{self.name} cannot be read ({error.strerror}): check it, then index again") from error

    @property
    def sha256(self) -> str:
        """Of its bytes as they lie there.

        Raises:
            FileUnusable: it cannot be read.
        """
        try:
            with self.path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise FileUnusable(f"{self.name} cannot be read ({error.strerror}): check it, then index again") from error

    def lines(self) -> Iterator[bytes]:
        """Its lines, without their ends."""
        rest = b""
        for chunk in self.chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
        if rest:
            yield rest

    def text(self) -> str:
        """All of it as text.

        Raises:
            FileUnusable: it is not UTF-8.
        """
        try:
            return b"".join(self.chunks()).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise FileUnusable(f"{self.name} is not UTF-8 text: save it as such, then index again") from error


def files_in(paths: Iterable[Path]) -> tuple[File, ...]:
    """The readable files of some paths, folders walked, in name order; hidden ones are left out.

    Raises:
        FileUnusable: a path does not exist, or nothing readable is there.
    """
    found: dict[Path, File] = {}
    for path in paths:
        if path.is_file():
            found.setdefault(path.resolve(), File(path=path, name=path.name))
        elif path.is_dir():
            for each in sorted(path.rglob("*")):
                inner = each.relative_to(path)
                if each.is_file() and not any(part.startswith(".") for part in inner.parts):
                    name = (Path(path.resolve().name) / inner).as_posix()
                    found.setdefault(each.resolve(), File(path=each, name=name))
        else:
            raise FileUnusable(f"{path} does not exist: give files or folders of papers and guidelines")
    files = tuple(f for f in found.values() if f.kind in SUFFIXES)
    if not files:
        raise FileUnusable(f"There is nothing to index there: give files that end in {', '.join(SUFFIXES)}")
    return files
