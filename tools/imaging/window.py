"""From values to 256 shades: windows and lookup tables by the formulas of DICOM PS3.3, C.11.1 and C.11.2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from tools.imaging.errors import PictureBroken

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset

Curve = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Which values are spread over the shades; everything below is black, everything above white."""

    center: float
    """Middle of the window, in the values' unit (HU for CT)."""
    width: float
    """Its width."""
    curve: Curve = "LINEAR"
    """The formula: C.11.2.1.2, C.11.2.1.3.2 or C.11.2.1.3.1."""

    @classmethod
    def between(cls, low: float, high: float) -> Window:
        """The window from `low`, which is black, to `high`, which is white."""
        return cls(center=(low + high) / 2, width=high - low, curve="LINEAR_EXACT")

    @property
    def words(self) -> str:
        """For people, such as `window 40/400`."""
        curve = "" if self.curve == "LINEAR" else f" ({self.curve.lower().replace('_', ' ')})"
        return f"window {self.center:g}/{self.width:g}{curve}"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Table:
    """A lookup table of the file: modality or VOI."""

    first: int
    """The value that the first entry is for; lower values take the first entry, values past the end the last."""
    bits: int
    """Bits of an entry."""
    entries: NDArray[np.float64]
    """What the values become."""

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The entries for values."""
        at = np.clip(np.floor(values + 0.5) - self.first, 0, len(self.entries) - 1).astype(np.int64)
        found: NDArray[np.float64] = self.entries[at]
        return found


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Modality:
    """From stored values to values with a meaning: a table, or slope and intercept."""

    slope: float = 1.0
    """Factor."""
    intercept: float = 0.0
    """Summand."""
    table: Table | None = None
    """Comes instead of both where it is there."""

    @property
    def is_identity(self) -> bool:
        """True where the stored values are the values."""
        return self.table is None and self.slope == 1 and self.intercept == 0

    def of(self, stored: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of stored values."""
        if self.table is not None:
            return self.table.of(stored)
        return stored if self.is_identity else stored * self.slope + self.intercept


def shades(values: NDArray[np.float64], window: Window | Table) -> NDArray[np.uint8]:
    """256 shades of values; half a shade rounds up.

    Raises:
        PictureBroken: the window has no width.
    """
    if isinstance(window, Table):
        return rounded(window.of(values) * (255 / (2**window.bits - 1)))
    center, width = window.center, window.width
    if width < (1 if window.curve == "LINEAR" else 1e-12):
        msg = "The picture's window has no width: choose another window, or look at it in the archive."
        raise PictureBroken(msg)
    if window.curve == "SIGMOID":
        # Beyond e^±40 nothing is left of a shade; numpy would warn of the overflow.
        return rounded(255 / (1 + np.exp(np.clip(-4 * (values - center) / width, -40, 40))))
    if window.curve == "LINEAR":
        center, width = center - 0.5, width - 1
    if width == 0:
        return np.where(values <= center, 0, 255).astype(np.uint8)
    return rounded(np.clip((values - center) / width + 0.5, 0, 1) * 255)


def stretched(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint8]:
    """256 shades from the lowest value to the highest; all black where they are one."""
    if not high > low:
        return np.zeros(values.shape, dtype=np.uint8)
    return rounded((np.clip(values, low, high) - low) * (255 / (high - low)))


def rounded(shade: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Whole shades; a half rounds up."""
    return np.floor(shade + 0.5).astype(np.uint8)


def windows_of(dataset: Dataset) -> tuple[Window | Table, ...]:
    """The ways that the file itself asks to be shown: its VOI tables first, then its windows.

    Args:
        dataset: an image, or the functional group item that holds its VOI.
    """
    tables = [table_of(item) for item in dataset.get("VOILUTSequence") or ()]
    centers, widths = _numbers(dataset.get("WindowCenter")), _numbers(dataset.get("WindowWidth"))
    said = str(dataset.get("VOILUTFunction") or "LINEAR").strip().upper()
    curve: Curve = next((one for one in get_args(Curve) if one == said), "LINEAR")
    pairs = [Window(center=c, width=w, curve=curve) for c, w in zip(centers, widths, strict=False)]
    return (*(one for one in tables if one is not None), *pairs)


def modality_of(dataset: Dataset) -> Modality:
    """What the file says of its values; the identity where it says nothing."""
    for item in dataset.get("ModalityLUTSequence") or ():
        if (table := table_of(item)) is not None:
            return Modality(table=table)
    slope, intercept = _numbers(dataset.get("RescaleSlope")), _numbers(dataset.get("RescaleIntercept"))
    return Modality(slope=slope[0] if slope else 1.0, intercept=intercept[0] if intercept else 0.0)


def table_of(item: Dataset) -> Table | None:
    """A lookup table of a sequence's item; None where it is incomplete."""
    described, data = item.get("LUTDescriptor"), item.get("LUTData")
    if described is None or data is None or len(described) != 3:
        return None
    count, first, bits = (int(one) for one in described)
    # 0 stands for 65536 entries. Data of eight bits may come as bytes, one or two entries a word.
    entries = _entries(data, count or 65536, bits)
    if not len(entries) or not 1 <= bits <= 16:
        return None
    return Table(first=first, bits=bits, entries=entries.astype(np.float64))


def _entries(data: Any, count: int, bits: int) -> NDArray[Any]:  # noqa: ANN401 - bytes, or a list of numbers
    if not isinstance(data, (bytes, bytearray)):
        listed = data if hasattr(data, "__len__") else [data]
        return np.asarray(listed, dtype=np.int64)[:count] & 0xFFFF
    kind = np.uint8 if bits <= 8 and len(data) < 2 * count else np.dtype("<u2")
    return np.frombuffer(bytes(data[: len(data) // np.dtype(kind).itemsize * np.dtype(kind).itemsize]), kind)[:count]


def _numbers(value: Any) -> list[float]:  # noqa: ANN401 - whatever pydicom makes of a decimal string
    if value is None or value == "":
        return []
    listed = [value] if isinstance(value, (str, int, float)) or not hasattr(value, "__iter__") else list(value)
    try:
        return [float(one) for one in listed]
    except (TypeError, ValueError):
        return []
