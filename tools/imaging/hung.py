"""A frame's shades as they are hung: of square pixels, for a round thing is no oval, and upright."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tools.imaging.dicom import MOST_PIXELS, File
from tools.imaging.errors import PictureLarge
from tools.imaging.picture import Picture
from tools.imaging.upright import turn_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EVEN = 0.01
"""Below this, uneven pixels are a rounding of the header's."""


def hung(file: File, pixels: NDArray[np.uint8], frame: int, by: str) -> Picture:
    """The picture of a frame.

    Args:
        file: what the frame is of.
        pixels: its shades, as they are stored.
        frame: from 1.
        by: what the shades stand for.

    Raises:
        PictureLarge: its pixels are far from square, and it would be too large if they were.
    """
    square, stretched = with_square_pixels(pixels, file.header.aspect)
    turn = turn_of(file.header)
    return Picture(
        pixels=np.ascontiguousarray(turn.of(square)),
        header=file.header,
        frame=frame,
        shown_by=by,
        turned="; ".join(filter(None, (stretched, turn.words))),
        sha256=file.sha256,
    )


def with_square_pixels(pixels: NDArray[np.uint8], aspect: float) -> tuple[NDArray[np.uint8], str]:
    """The picture with square pixels, and what was done, in words; the pixels themselves where they are square.

    The side that is too short is stretched, so that nothing is left out.

    Args:
        pixels: rows by columns, or with colours.
        aspect: a pixel's height by its width.

    Raises:
        PictureLarge: it would have more pixels than `tools.imaging.dicom.MOST_PIXELS`.
    """
    if abs(aspect - 1) < _EVEN:
        return pixels, ""
    height, width = pixels.shape[:2]
    size = (width, round(height * aspect)) if aspect > 1 else (round(width / aspect), height)
    if size[0] * size[1] > MOST_PIXELS:
        raise PictureLarge
    stretched = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
    side = "height" if aspect > 1 else "width"
    return np.asarray(
        stretched
    ), f"stretched {max(aspect, 1 / aspect):.2f} times in {side}, as its pixels are not square"
