"""Bytes as one picture of the round's patient: read, held to the patient, decoded, turned upright and checked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

from tools.imaging.dicom import File, frame_of, is_dicom, read_file
from tools.imaging.errors import NobodysPicture
from tools.imaging.grey import AS_STORED, FULL_RANGE, shown
from tools.imaging.header import Header
from tools.imaging.hung import hung
from tools.imaging.picture import Picture
from tools.imaging.quality import Concern, checked
from tools.imaging.raster import read_raster
from tools.imaging.whose import Owner
from tools.imaging.window import Window

Vouched = Literal["chart", "person"]
"""Who says whose a file without a header is: the chart that it is attached to, or whoever gives it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A picture that may be looked at."""

    picture: Picture
    """The picture."""
    concerns: tuple[Concern, ...]
    """What a reader should know of it."""

    def with_header(self, header: Header) -> Read:
        """The same, with what others say of the picture where its own file says nothing."""
        return replace(self, picture=replace(self.picture, header=header))


def read_picture(
    body: bytes, *, owner: Owner, vouched: Vouched | None = None, frame: int = 1, window: Window | int = 0
) -> Read:
    """Make a picture of a file.

    Args:
        body: DICOM, PNG, JPEG or TIFF.
        owner: the round's patient; a DICOM file must name him, whoever vouches for it.
        vouched: who says that a file without a header is his; None refuses such files.
        frame: from 1.
        window: one of the caller's, or which of the file's own.

    Raises:
        NobodysPicture, OthersPicture: it is not known to be the patient's; no pixel was decoded.
        ImagingError: one of the named kinds; see `tools.imaging.errors`.
    """
    if is_dicom(body):
        picture = seen(_owned(body, owner), frame=frame, window=window)
    elif vouched is None:
        raise NobodysPicture
    else:
        picture = _raster(body, frame)
    return Read(picture=picture, concerns=checked(picture))


def _owned(body: bytes, owner: Owner) -> File:
    file = read_file(body)
    owner.admit(file.header)
    return file


def seen(file: File, *, frame: int = 1, window: Window | int = 0) -> Picture:
    """A DICOM file's frame as it is seen; whose it is must have been asked before.

    Raises:
        ImagingError: one of the named kinds.
    """
    found = shown(file.dataset, frame_of(file, frame), frame, window)
    return hung(file, found.pixels, frame, found.by)


def _raster(body: bytes, frame: int) -> Picture:
    found = read_raster(body, frame)
    height, width = found.pixels.shape[:2]
    return Picture(
        pixels=found.pixels,
        header=Header(width=width, height=height, frames=found.frames),
        frame=frame,
        shown_by=FULL_RANGE if found.deep else AS_STORED,
        turned="turned as its file asks" if found.turned else "",
        sha256=hashlib.sha256(body).hexdigest(),
    )
