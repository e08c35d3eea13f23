"""A slide's tiles out of an archive: what wsidicom asks for, over our own connection, and no more of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email.message import Message
from typing import Any

from pydicom import Dataset
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from tools.imaging.archive import Archive
from tools.imaging.errors import PictureLarge, SlideUnusable
from tools.imaging.header import Header

MOST_BYTES = 1024 * 1024 * 1024
"""Of all tiles of one slide; 126 patches of the finest magnification have 300 MB unpacked."""
_AT_ONCE = 32
"""Frames of one request; a patch has 16 to 49."""
_UNSAID = {
    "image/jpeg": JPEGBaseline8Bit,
    "image/jp2": JPEG2000Lossless,
    "image/jls": JPEGLSLossless,
    "image/dicom-rle": RLELossless,
    "application/octet-stream": ExplicitVRLittleEndian,
}
"""The transfer syntax of a frame whose media type does not name one."""
_Uids = tuple[UID, UID, set[UID] | None]


class Tiles:
    """Stands where wsidicom has its own client, whose connection follows redirects and holds no bound.

    Its methods are called from threads while the event loop, which owns the connection, runs in another.

    Args:
        archive: open, on the running loop.
        headers: of the slide's magnifications, all of one series; held to the patient before.
        said: everything that the archive says of them, by SOP Instance UID.
    """

    def __init__(self, archive: Archive, headers: Sequence[Header], said: Mapping[str, Dataset]) -> None:
        self.headers = tuple(headers)
        """Those of its magnifications."""
        self._archive, self._said = archive, said
        self._loop = asyncio.get_running_loop()
        self._kinds: dict[str, UID | None] = {}
        self._bytes = 0

    def get_wsi_instances(self, study_uid: UID, series_uids: Iterable[UID]) -> Iterator[_Uids]:
        """The magnifications."""
        return iter([(UID(one.series), UID(one.instance), None) for one in self.headers])

    def get_annotation_instances(self, study_uid: UID, series_uids: Iterable[UID]) -> Iterator[_Uids]:
        """None: what others drew on it is not shown to a model."""
        return iter(())

    def get_instance(self, study_uid: UID, series_uid: UID, instance_uid: UID) -> Dataset:
        """What the archive says of one.

        Raises:
            SlideUnusable: it says nothing of it.
        """
        if instance_uid not in self._said:
            raise SlideUnusable
        return self._said[instance_uid]

    def get_frames(
        self, study_uid: UID, series_uid: UID, instance_uid: UID, frame_indices: list[int], transfer_syntax: UID
    ) -> Iterator[bytes]:
        """Frames, numbered from 1.

        Raises:
            PictureLarge: together they are larger than `MOST_BYTES`.
            ImagingError: the archive does not give them.
        """
        for at in range(0, len(frame_indices), _AT_ONCE):
            for _, body in self._frames(study_uid, series_uid, instance_uid, frame_indices[at : at + _AT_ONCE]):
                yield body

    def is_transfer_syntax_supported(
        self, study_uid: UID, series_uid: UID, instance_uid: UID, transfer_syntax: UID
    ) -> bool:
        """Whether it is the one in which the archive gives this slide's frames."""
        if instance_uid not in self._kinds:
            ((kind, _),) = self._frames(study_uid, series_uid, instance_uid, [1])
            self._kinds[instance_uid] = syntax_of(kind)
        return self._kinds[instance_uid] == transfer_syntax

    def _frames(self, study: UID, series: UID, instance: UID, numbers: Sequence[int]) -> tuple[tuple[str, bytes], ...]:
        found = asyncio.run_coroutine_threadsafe(
            self._archive.frames(study, series, instance, numbers), self._loop
        ).result()
        self._bytes += sum(len(body) for _, body in found)
        if self._bytes > MOST_BYTES:
            raise PictureLarge
        return found


def syntax_of(content_type: str) -> UID | None:
    """The transfer syntax of a frame by its media type; None where it is not known."""
    message: Any = Message()
    message["content-type"] = content_type or "application/octet-stream"
    said = message.get_param("transfer-syntax")
    return UID(str(said)) if said else _UNSAID.get(message.get_content_type())
