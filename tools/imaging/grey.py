"""A frame's stored values as shades: the whole way from stored values to what is seen, by the standard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut

from tools.imaging.errors import PixelsUnsupported
from tools.imaging.functional_groups import functional_group
from tools.imaging.window import Modality, Table, Window, modality_of, rounded, shades, stretched, windows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

FULL_RANGE = "full range"
AS_STORED = "as stored"
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shown:
    """What is seen of one frame."""

    pixels: NDArray[np.uint8]
    """Rows by columns, or with red, green and blue."""
    by: str
    """What the shades stand for."""


def shown(dataset: Dataset, stored: NDArray[Any], frame: int, window: Window | int = 0) -> Shown:
    """What is seen of one frame's stored values.

    Args:
        dataset: the image.
        stored: one frame, from `tools.imaging.dicom.frame_of`.
        frame: which, from 1.
        window: one of the caller's, or which of the file's own (0 is the first, a table before windows).

    Raises:
        PixelsUnsupported: a colour space that the standard has retired.
        PictureBroken: the window has no width, or a table is damaged.
    """
    space = str(dataset.get("PhotometricInterpretation") or "MONOCHROME2").strip().upper()
    if space == "PALETTE COLOR":
        return _palette(dataset, stored)
    if space in _COLOURS:
        return Shown(pixels=_eight_bits(stored, int(dataset.get("BitsStored") or 8)), by=AS_STORED)
    if space not in ("MONOCHROME1", "MONOCHROME2"):
        raise PixelsUnsupported
    values = values_of(dataset, stored, frame)
    asked = window if isinstance(window, Window) else _own(dataset, frame, window)
    found = values.shades(asked)
    pixels = 255 - found.pixels if space == "MONOCHROME1" else found.pixels
    if values.padded is not None:
        pixels[values.padded] = 0
    return Shown(pixels=pixels, by=found.by)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Values:
    """One grey frame, its stored values and what they mean."""

    stored: NDArray[Any]
    """Whole numbers without unused bits, or fractions."""
    modality: Modality
    """What they mean."""
    bits: int
    """Bits of a stored value; 0 for fractions."""
    signed: bool
    """Whether stored values may be negative."""
    padded: NDArray[np.bool_] | None
    """Where the picture has no content; None where it is whole."""

    def real(self) -> NDArray[np.float64]:
        """The values themselves, HU for CT."""
        return self.modality.of(self.stored.astype(np.float64))

    def shades(self, window: Window | Table | None) -> Shown:
        """The shades, by a window or over the range that the values take."""
        if window is None and self.modality.is_identity and not self.signed and 0 < self.bits <= 8:
            return Shown(pixels=_eight_bits(self.stored, self.bits), by=AS_STORED)
        by = FULL_RANGE if window is None else window.words if isinstance(window, Window) else "lookup table"
        if not 0 < self.bits <= 16:
            real = self.real()
            return Shown(pixels=_spread(real, window, *self._range(real)), by=by)
        # Every stored value that can be is worked out once: the table is far smaller than the picture.
        low = -(1 << (self.bits - 1)) if self.signed else 0
        real = self.modality.of(np.arange(low, low + (1 << self.bits), dtype=np.float64))
        at = self.stored.astype(np.intp) - low if low else self.stored
        ends = self._range(real[at]) if window is None else (0.0, 0.0)
        return Shown(pixels=_spread(real, window, *ends).take(at), by=by)

    def _range(self, real: NDArray[np.float64]) -> tuple[float, float]:
        inside = real if self.padded is None else real[~self.padded]
        inside = inside[np.isfinite(inside)]
        return (float(inside.min()), float(inside.max())) if inside.size else (0.0, 0.0)


def values_of(dataset: Dataset, stored: NDArray[Any], frame: int) -> Values:
    """What the stored values of a grey frame mean; the frame's own words come before the file's."""
    fraction = stored.dtype.kind == "f"
    bits = 0 if fraction else int(dataset.get("BitsStored") or stored.dtype.itemsize * 8)
    signed = not fraction and int(dataset.get("PixelRepresentation") or 0) == 1
    clean = stored if fraction else _without_unused(stored, bits, int(dataset.get("HighBit") or bits - 1), signed)
    group = functional_group(dataset, frame, "PixelValueTransformationSequence")
    return Values(
        stored=clean,
        modality=modality_of(group if group is not None else dataset),
        bits=bits,
        signed=signed,
        padded=_padding(dataset, clean),
    )


def _own(dataset: Dataset, frame: int, which: int) -> Window | Table | None:
    group = functional_group(dataset, frame, "FrameVOILUTSequence")
    found = windows_of(group if group is not None else dataset)
    return found[which] if which < len(found) else found[0] if found else None


def _without_unused(stored: NDArray[Any], bits: int, high: int, signed: bool) -> NDArray[Any]:
    """Values without the bits that do not belong to them, where old files keep overlays."""
    size = stored.dtype.itemsize * 8
    if bits >= size:
        return stored
    if high > bits - 1 and high < size:
        stored = stored >> (high - bits + 1)
    mask = (1 << bits) - 1
    if not signed:
        masked: NDArray[Any] = stored & stored.dtype.type(mask)
        return masked
    half = 1 << (bits - 1)
    wide = stored.astype(np.int64) & mask
    return ((wide ^ half) - half).astype(stored.dtype)


def _spread(real: NDArray[np.float64], window: Window | Table | None, low: float, high: float) -> NDArray[np.uint8]:
    if window is not None:
        return shades(real, window)
    return stretched(np.nan_to_num(real, nan=low, posinf=high, neginf=low), low, high)


def _padding(dataset: Dataset, stored: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Where the scanner saw nothing: background, whichever way the shades run (PS3.3, C.7.5.1.1.2)."""
    value = dataset.get("PixelPaddingValue")
    if value is None or isinstance(value, (bytes, str)):
        return None
    limit = dataset.get("PixelPaddingRangeLimit")
    ends = sorted((int(value), int(value if limit is None or isinstance(limit, (bytes, str)) else limit)))
    found: NDArray[np.bool_] = (stored >= ends[0]) & (stored <= ends[1])
    return found if found.any() else None


def _palette(dataset: Dataset, stored: NDArray[Any]) -> Shown:
    coloured = apply_color_lut(stored, dataset)[..., :3]
    bits = 8 if coloured.dtype.itemsize == 1 else 16
    return Shown(pixels=_eight_bits(coloured, bits), by=AS_STORED)


def _eight_bits(stored: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    if bits == 8:
        return stored.astype(np.uint8)
    return rounded(stored.astype(np.float64) * (255 / (2**bits - 1)))
