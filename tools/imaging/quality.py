"""Is there anything to see: checks of the decoded picture before anybody is asked about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from tools.imaging.errors import PictureBroken, PictureEmpty, PictureTiny

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tools.imaging.picture import Picture

TINY = 64
"""A side shorter than this, in pixels, is a thumbnail's."""
SMALL = 448
"""Below this, in pixels, less is seen than the models were trained to see; it is said."""
_ONE_SHADE = 0.995
"""Of all pixels, within `_NOISE` shades of one."""
_NOISE = 3
_CUT = 0.25
"""Of the rows, blank without a single grain from some row to the last."""

Concern = Literal["small", "nearly empty", "overlay"]
"""What a reader should know of a picture that can be used."""


def checked(picture: Picture) -> tuple[Concern, ...]:
    """What a reader should know of the picture.

    Raises:
        PictureTiny: a side is shorter than `TINY`.
        PictureEmpty: it is one shade all over, black or not.
        PictureBroken: it stops: from some row on there is nothing at all, while above there is a picture.
    """
    if min(picture.width, picture.height) < TINY:
        raise PictureTiny
    pixels = picture.pixels if picture.pixels.ndim == 2 else picture.pixels.max(axis=2)
    share = _share_of_one_shade(pixels)
    if share >= _ONE_SHADE:
        raise PictureEmpty
    if _blank_rows_at_end(pixels) >= _CUT * len(pixels) and _full_above(pixels):
        msg = "The picture stops partway, the rest is blank: fetch it again, and look at it in the archive."
        raise PictureBroken(msg)
    found: list[Concern] = []
    if min(picture.width, picture.height) < SMALL:
        found.append("small")
    if share > 0.95:
        found.append("nearly empty")
    if picture.header.overlays:
        found.append("overlay")
    return tuple(found)


def _share_of_one_shade(pixels: NDArray[np.uint8]) -> float:
    counts = np.bincount(pixels.ravel(), minlength=256)
    widest = np.convolve(counts, np.ones(2 * _NOISE + 1, dtype=np.int64), mode="same")
    return float(widest.max()) / pixels.size


def _blank_rows_at_end(pixels: NDArray[np.uint8]) -> int:
    """Rows at the end that hold one and the same value, as a decoder leaves what never came."""
    same = (pixels == pixels[-1, -1]).all(axis=1)[::-1]
    return len(same) if same.all() else int(np.argmin(same))


def _full_above(pixels: NDArray[np.uint8]) -> bool:
    """Whether the picture ends at a row's whole width, as a broken transmission does and an object does not."""
    last = len(pixels) - _blank_rows_at_end(pixels) - 1
    if last < 0:
        return False
    return float((pixels[last] != pixels[-1, -1]).mean()) > 0.5
