"""What the standard says that a frame looks like, worked out with pydicom and numpy and nothing of ours."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array


def expected(dataset: Dataset, frame: int = 0) -> Any:
    """Eight-bit pixels of one frame, from 0, before anything is turned."""
    stored = pixel_array(dataset, index=frame)
    space = dataset.PhotometricInterpretation
    if space == "PALETTE COLOR":
        coloured = apply_color_lut(stored, dataset)[..., :3]
        return _scaled(coloured, 8 * coloured.dtype.itemsize)
    if not space.startswith("MONOCHROME"):
        return _scaled(stored, dataset.BitsStored)
    if stored.dtype.kind != "f":
        stored = _used_bits(stored, dataset)
    item = _group(dataset, frame, "PixelValueTransformationSequence") or dataset
    real = _modality(stored.astype("float64"), item)
    shades = _voi(real, stored, _group(dataset, frame, "FrameVOILUTSequence") or dataset, dataset)
    shades = np.floor(shades + 0.5)
    if space == "MONOCHROME1":
        shades = 255 - shades
    if "PixelPaddingValue" in dataset:
        shades[stored == int(dataset.PixelPaddingValue)] = 0
    return shades.astype("uint8")


def _used_bits(stored: Any, dataset: Dataset) -> Any:
    bits = dataset.BitsStored
    wide = stored.astype("int64") & ((1 << bits) - 1)
    return np.where(wide >= 1 << (bits - 1), wide - (1 << bits), wide) if dataset.PixelRepresentation else wide


def _modality(stored: Any, item: Dataset) -> Any:
    if "ModalityLUTSequence" in item:
        return _looked_up(stored, item.ModalityLUTSequence[0])[0]
    return stored * float(item.get("RescaleSlope", 1)) + float(item.get("RescaleIntercept", 0))


def _voi(real: Any, stored: Any, item: Dataset, dataset: Dataset) -> Any:
    if "VOILUTSequence" in item:
        found, bits = _looked_up(real, item.VOILUTSequence[0])
        return found * (255 / (2**bits - 1))
    if item.get("WindowCenter") is not None:
        centre, width = (float(np.atleast_1d(item[name].value)[0]) for name in ("WindowCenter", "WindowWidth"))
        return _windowed(real, centre, width, item.get("VOILUTFunction", "LINEAR"))
    plain = stored.dtype.kind != "f" and not dataset.PixelRepresentation and np.array_equal(real, stored)
    if plain and dataset.BitsStored <= 8:
        return stored * (255 / (2**dataset.BitsStored - 1))
    inside = real[stored != int(dataset.PixelPaddingValue)] if "PixelPaddingValue" in dataset else real
    low, high = inside.min(), inside.max()
    return np.zeros(real.shape) if low == high else (np.clip(real, low, high) - low) * (255 / (high - low))


def _windowed(x: Any, c: float, w: float, function: str) -> Any:
    """PS3.3, C.11.2.1.2.1 and C.11.2.1.3, with 0 and 255 for the lowest and the highest output."""
    if function == "SIGMOID":
        return 255 / (1 + np.exp(-4 * (x - c) / w))
    if function == "LINEAR_EXACT":
        below, above, y = x <= c - w / 2, x > c + w / 2, ((x - c) / w + 0.5) * 255
    else:
        below, above = x <= c - 0.5 - (w - 1) / 2, x > c - 0.5 + (w - 1) / 2
        y = ((x - (c - 0.5)) / (w - 1) + 0.5) * 255
    return np.where(below, 0, np.where(above, 255, y))


def _looked_up(values: Any, item: Dataset) -> tuple[Any, int]:
    count, first, bits = item.LUTDescriptor
    data = item.LUTData
    entries = np.frombuffer(data, "<u2") if isinstance(data, bytes) else np.asarray(data)
    entries = entries[: count or 65536]
    return entries[np.clip(values - first, 0, len(entries) - 1).astype(int)].astype("float64"), bits


def _group(dataset: Dataset, frame: int, name: str) -> Dataset | None:
    own = dataset.get("PerFrameFunctionalGroupsSequence", [])
    for holder in [*own[frame : frame + 1], *dataset.get("SharedFunctionalGroupsSequence", [])]:
        if name in holder:
            found: Dataset = holder[name][0]
            return found
    return None


def _scaled(stored: Any, bits: int) -> Any:
    return np.floor(stored.astype("float64") * (255 / (2**bits - 1)) + 0.5).astype("uint8")
