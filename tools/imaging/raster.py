"""PNG, JPEG and TIFF as pictures: bounded before a pixel is decoded, upright, of eight bits a value."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tools.imaging.errors import FrameMissing, ImagingError, PictureBroken, PictureLarge, PictureUnknown
from tools.imaging.window import stretched

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_PIXELS = 100_000_000
"""Of one picture; a small file can promise far more than the memory holds."""
FORMATS = ("PNG", "JPEG", "TIFF")
_GREY = ("1", "L")
_DEEP = ("I", "F")
_TURNED = 0x0112


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Raster:
    """One decoded picture."""

    pixels: NDArray[np.uint8]
    """Rows by columns, or with red, green and blue."""
    deep: bool
    """Whether it had more than eight bits a value, which were spread over the range that it uses."""
    turned: bool
    """Whether it was turned as its file asks."""
    frames: int
    """Pictures in the file."""


def read_raster(body: bytes, frame: int = 1) -> Raster:
    """Decode a picture.

    Raises:
        PictureUnknown: it is none of `FORMATS`.
        PictureLarge: it has more pixels than `MOST_PIXELS`.
        FrameMissing: it has no such frame.
        PictureBroken: it is damaged or incomplete.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(body), formats=FORMATS) as opened:
                return _decoded(opened, frame)
        except UnidentifiedImageError:
            raise PictureUnknown from None
        except (Image.DecompressionBombError, MemoryError):
            raise PictureLarge from None
        except ImagingError:
            raise
        except Exception:  # what decoders raise on hostile bytes is not to be listed
            raise PictureBroken from None


def _decoded(opened: Image.Image, frame: int) -> Raster:
    frames = int(getattr(opened, "n_frames", 1))
    if not 1 <= frame <= frames:
        raise FrameMissing
    opened.seek(frame - 1)
    if opened.width * opened.height > MOST_PIXELS:
        raise PictureLarge
    turned = opened.getexif().get(_TURNED, 1) not in (0, 1)
    picture = ImageOps.exif_transpose(opened) if turned else opened
    if picture.mode.startswith(_DEEP):
        values = np.asarray(picture).astype(np.float64)
        values = np.nan_to_num(values, posinf=0, neginf=0)
        return Raster(
            pixels=stretched(values, float(values.min()), float(values.max())), deep=True, turned=turned, frames=frames
        )
    if "A" in picture.mode or "transparency" in picture.info:
        # What shines through is black, as everything around a picture is.
        over = Image.new("RGBA", picture.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(over, picture.convert("RGBA"))
    pixels = np.asarray(picture.convert("L" if picture.mode in _GREY else "RGB"))
    return Raster(pixels=pixels, deep=False, turned=turned, frames=frames)
