"""Where the files of one study lie: in the archive, in the chart, or on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tools.imaging.archive import Archive
from tools.imaging.dicom import is_dicom
from tools.imaging.errors import PictureLarge, PictureUnknown, SlideUnusable, StudyGone
from tools.imaging.fetching import local
from tools.imaging.header import Header
from tools.imaging.patch import Patch
from tools.imaging.picture import Picture
from tools.imaging.slide import header_at, patches_of, patches_over
from tools.imaging.tiles import Tiles
from tools.imaging.whose import Owner

MOST_FILES = 5000
"""Of a folder; a series has fewer."""
_START = 1024
"""Bytes by which DICOM is told from other files."""
Patches = Callable[[], Iterator[tuple[Patch, Picture]]]
"""Gives the patches of a slide, one in memory at a time."""


class Source(Protocol):
    """Gives files by their headers."""

    async def body(self, header: Header) -> bytes:
        """One file.

        Raises:
            ImagingError: it could not be had.
        """
        ...

    async def slide(self, headers: Sequence[Header], owner: Owner, most: int) -> Patches:
        """What reads a slide's patches, beside the event loop.

        Args:
            headers: of its magnifications, all of one series, held to the patient before.
            owner: the round's patient.
            most: patches.

        Raises:
            ImagingError: it could not be had.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class FromArchive:
    """What lies in the archive."""

    archive: Archive
    """Open."""

    async def body(self, header: Header) -> bytes:
        """One instance."""
        return await self.archive.instance(header.study, header.series, header.instance)

    async def slide(self, headers: Sequence[Header], owner: Owner, most: int) -> Patches:
        """By frames; nothing is put on disk."""
        said = await self.archive.datasets(headers[0].study, headers[0].series)
        tiles = Tiles(self.archive, headers, said)
        return lambda: patches_over(tiles, most=most)


@dataclass(frozen=True, kw_only=True, slots=True)
class FromBody:
    """One DICOM file of the chart."""

    content: bytes = field(repr=False)
    """All of it."""

    async def body(self, header: Header) -> bytes:
        """The file."""
        return self.content

    async def slide(self, headers: Sequence[Header], owner: Owner, most: int) -> Patches:
        """None: a slide lies in an archive or in a folder.

        Raises:
            SlideUnusable: always.
        """
        raise SlideUnusable


@dataclass(frozen=True, kw_only=True, slots=True)
class FromFolder:
    """DICOM files of this machine."""

    paths: dict[str, Path]
    """By their SOP Instance UID."""

    async def body(self, header: Header) -> bytes:
        """One file."""
        return await asyncio.to_thread(local, self.paths[header.instance])

    async def slide(self, headers: Sequence[Header], owner: Owner, most: int) -> Patches:
        """From where the files lie."""
        files = [self.paths[one.instance] for one in headers]
        return lambda: patches_of(files, owner, most=most)


def dicom_at(path: Path) -> tuple[list[Header], FromFolder] | None:
    """The headers of a DICOM file, or of those in a folder; None for a file that is no DICOM.

    Raises:
        StudyGone: there is none, or it can't be read.
        PictureLarge: more than `MOST_FILES` lie in the folder.
        PictureUnknown: the folder has no DICOM file.
        PictureBroken: a file's header cannot be read.
    """
    try:
        if not path.is_dir():
            listed = [path] if path.is_file() else []
        else:
            listed = sorted(one for one in path.iterdir() if one.is_file())
        if len(listed) > MOST_FILES:
            raise PictureLarge
        proper = [one for one in listed if _is_dicom(one)]
    except OSError:
        raise StudyGone("The file cannot be read: check its permissions.") from None
    if not listed:
        raise StudyGone("There is no such file: check the path.")
    if not proper:
        if path.is_dir():
            raise PictureUnknown("The folder holds no DICOM file: name one that does, or a single picture.")
        return None
    headers = [header_at(one) for one in proper]
    return headers, FromFolder(paths={one.instance: at for one, at in zip(headers, proper, strict=True)})


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return is_dicom(file.read(_START))
