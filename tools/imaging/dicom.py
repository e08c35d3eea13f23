"""DICOM files as pictures: read within bounds, one frame at a time, every damage with a name."""

from __future__ import annotations

import hashlib
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydicom import Dataset, dcmread
from pydicom.encaps import get_frame
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tools.imaging.errors import (
    FrameMissing,
    PictureBroken,
    PictureLarge,
    PictureUnknown,
    PixelsMissing,
    PixelsUnsupported,
)
from tools.imaging.header import Header, header_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_PIXELS = 100_000_000
"""Of one frame; nothing that is read in one glance has more."""
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_BARE = (b"\x02\x00", b"\x08\x00")
"""How a file without its first 132 bytes begins: with group 2 or 8."""
_END_OF_JPEG = b"\xff\xd9"
_JPEG = ("1.2.840.10008.1.2.4.",)

# What pydicom logs and warns of may quote the file, and so a name.
logging.getLogger("pydicom").setLevel(logging.CRITICAL)


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One DICOM file, its pixels not yet decoded."""

    dataset: Dataset = field(repr=False)
    """As pydicom read it."""
    header: Header
    """What it says of itself."""
    sha256: str
    """SHA-256 of the file, in hex."""


def is_dicom(body: bytes) -> bool:
    """Whether bytes look like a DICOM file, with or without its preamble."""
    return body[128:132] == b"DICM" or (body[:2] in _BARE and len(body) > 132)


def read_file(body: bytes) -> File:
    """Read a DICOM file.

    Raises:
        PictureUnknown: it is no DICOM.
        PictureBroken: it cannot be read to its end.
    """
    if not is_dicom(body):
        raise PictureUnknown
    with _quietly("The DICOM file is damaged or incomplete: fetch it again, and look at it in the archive."):
        dataset = dcmread(io.BytesIO(body), force=True)
        header = header_of(dataset)
        if not header.sop_class and "PixelData" not in dataset and not len(dataset):
            raise PictureUnknown
    return File(dataset=dataset, header=header, sha256=hashlib.sha256(body).hexdigest())


def frame_of(file: File, frame: int = 1) -> NDArray[Any]:
    """The stored values of one frame: rows by columns, colours as red, green and blue.

    Args:
        file: as read.
        frame: from 1.

    Raises:
        PixelsMissing: it is no image.
        FrameMissing: it has no such frame.
        PictureLarge: a frame has more pixels than `MOST_PIXELS`.
        PixelsUnsupported: no decoder here knows the encoding.
        PictureBroken: the pixels are damaged or incomplete.
    """
    dataset, header = file.dataset, file.header
    if not any(name in dataset for name in _PIXELS):
        raise PixelsMissing
    if not 1 <= frame <= header.frames:
        raise FrameMissing
    if header.width * header.height > MOST_PIXELS:
        raise PictureLarge
    with _quietly("The picture's pixels are damaged or incomplete: fetch it again, and look at it in the archive."):
        syntax = _syntax(dataset)
        if syntax.startswith(_JPEG) and _jpeg(syntax):
            _whole_jpeg(dataset, frame, header.frames)
        try:
            return pixel_array(dataset, index=frame - 1)
        except NotImplementedError:
            raise PixelsUnsupported from None
        except RuntimeError as error:
            # pydicom says so where it knows the encoding and has no decoder for it.
            if "missing dependencies" in str(error) or "no pixel data decoders" in str(error).lower():
                raise PixelsUnsupported from None
            raise


@contextmanager
def _quietly(sentence: str) -> Iterator[None]:
    """Damage ends in one of our own sentences, whatever a parser makes of it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (PictureUnknown, PictureBroken, PictureLarge, PixelsMissing, PixelsUnsupported, FrameMissing):
        raise
    except MemoryError:
        raise PictureLarge from None
    except Exception:  # what parsers raise on hostile bytes is not to be listed
        raise PictureBroken(sentence) from None


def _syntax(dataset: Dataset) -> str:
    """The transfer syntax; how the file was written, where it does not say."""
    meta = getattr(dataset, "file_meta", None)
    said = str(meta.get("TransferSyntaxUID") or "") if meta is not None else ""
    if said:
        return said
    implicit, little = dataset.original_encoding
    guessed = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = guessed
    return str(guessed)


def _jpeg(syntax: str) -> bool:
    """JPEG, JPEG-LS and JPEG 2000, each of which ends with the same two bytes; the video syntaxes begin at 100."""
    number = syntax.rpartition(".")[2]
    return number.isdigit() and int(number) < 94


def _whole_jpeg(dataset: Dataset, frame: int, frames: int) -> None:
    """Some decoders make a picture of half a stream and say nothing.

    Raises:
        PictureBroken: the frame's stream has no end.
    """
    stream = get_frame(dataset.PixelData, frame - 1, number_of_frames=frames)
    # The last fragment may be filled up, and not all writers fill it with zeros.
    if _END_OF_JPEG not in stream[-16:]:
        msg = "The picture's pixels end early: fetch it again, and look at it in the archive if it stays so."
        raise PictureBroken(msg)
