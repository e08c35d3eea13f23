"""The squares of a slide that hold tissue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TISSUE = 0.05
"""Of a patch, below which it is background."""
_COLOURED = 16
"""Least difference between a pixel's strongest and weakest colour, of 255; glass is grey."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patch:
    """One square of a slide that will be sent."""

    number: int
    """Its place in reading order, from 1."""
    left: int
    """First column in its level, in pixels."""
    top: int
    """First row."""
    width: int
    """Columns; fewer than the square's side at the slide's edge."""
    height: int
    """Rows."""
    tissue: float
    """Share of it that is tissue, 0 to 1."""
    downsampling: float
    """Pixels of the finest level for one of its own, along a side."""
    microns: float | None
    """Micrometres a pixel; None where the slide does not say."""
    of: int = 0
    """Patches with tissue at its magnification, those that were left out with them."""

    @property
    def label(self) -> str:
        """What the model is told beside it."""
        return f"PATCH {self.number}"


def patches_with_tissue(
    mask: NDArray[np.bool_],
    size: tuple[int, int],
    side: int,
    *,
    downsampling: float = 1.0,
    microns: float | None = None,
) -> list[Patch]:
    """The patches of a level that hold tissue, in reading order.

    Args:
        mask: where there is tissue, over the whole slide at any scale.
        size: columns and rows of the level.
        side: of a patch.
        downsampling: of the level, for the record.
        microns: a pixel of the level, for the record.
    """
    width, height = size
    across, down = mask.shape[1] / width, mask.shape[0] / height
    found: list[Patch] = []
    for number, (top, left) in enumerate(
        ((top, left) for top in range(0, height, side) for left in range(0, width, side)), start=1
    ):
        right, bottom = min(left + side, width), min(top + side, height)
        # At least one pixel of the mask, however coarse it is.
        rows = slice(int(top * down), max(int(top * down) + 1, round(bottom * down)))
        columns = slice(int(left * across), max(int(left * across) + 1, round(right * across)))
        share = float(mask[rows, columns].mean()) if mask[rows, columns].size else 0.0
        if share >= _TISSUE:
            found.append(
                Patch(
                    number=number,
                    left=left,
                    top=top,
                    width=right - left,
                    height=bottom - top,
                    tissue=share,
                    downsampling=downsampling,
                    microns=microns,
                )
            )
    return found


def tissue_of(overview: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where an overview in red, green and blue shows tissue: colour, by Otsu's threshold, and never plain grey."""
    spread = overview.max(axis=2).astype(int) - overview.min(axis=2)
    found: NDArray[np.bool_] = spread >= max(_COLOURED, _otsu(spread))
    return found


def _otsu(values: NDArray[Any]) -> int:
    """The threshold that parts values 0 to 255 into two groups as far apart as they can be (Otsu 1979)."""
    counts = np.bincount(values.ravel(), minlength=256)[:256].astype(float)
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * np.arange(256))
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return int(np.argmax(np.nan_to_num(between))) + 1
