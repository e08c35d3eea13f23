"""Windows, tables, padding, palettes, unused bits and functional groups, against the formulas of the standard."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread

from tests.unit.imaging.pictures import dataset, written
from tests.unit.imaging.reference import expected
from tools.imaging.dicom import File, frame_of, read_file
from tools.imaging.errors import PictureBroken, PixelsUnsupported
from tools.imaging.grey import shown
from tools.imaging.window import Window, shades

RNG = np.random.default_rng(3)
GREY = RNG.integers(0, 4096, (64, 80), dtype=np.uint16)
SIGNED = RNG.integers(-2000, 2000, (64, 80)).astype(np.int16)


def lut(first: int, bits: int, entries: list[int]) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), first, bits])
    item.add_new("LUTData", "US", entries)
    return item


def groups(**of_frames: list[Dataset]) -> list[Dataset]:
    made = []
    for number in range(len(next(iter(of_frames.values())))):
        item = Dataset()
        for name, listed in of_frames.items():
            setattr(item, name, [listed[number]])
        made.append(item)
    return made


def said(**attributes: Any) -> Dataset:
    made = Dataset()
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def seen(made: Dataset, frame: int = 1) -> tuple[Any, Any, str]:
    """What we make of a file, what the reference makes of it, and what we say of the shades."""
    body = written(made)
    file: File = read_file(body)
    found = shown(file.dataset, frame_of(file, frame), frame)
    return found.pixels, expected(dcmread(io.BytesIO(body)), frame - 1), found.by


CASES: list[tuple[str, Any, dict[str, Any], str]] = [
    ("plain", GREY, {}, "full range"),
    ("reversed", GREY, {"PhotometricInterpretation": "MONOCHROME1"}, "full range"),
    ("window", GREY, {"WindowCenter": 1000, "WindowWidth": 900}, "window 1000/900"),
    ("narrowest", GREY, {"WindowCenter": 1000, "WindowWidth": 2}, "window 1000/2"),
    ("two windows", GREY, {"WindowCenter": [1000, 5], "WindowWidth": [900, 5]}, "window 1000/900"),
    ("exact", GREY, {"WindowCenter": 1000, "WindowWidth": 0.5, "VOILUTFunction": "LINEAR_EXACT"}, "linear exact"),
    ("sigmoid", GREY, {"WindowCenter": 2000, "WindowWidth": 700, "VOILUTFunction": "SIGMOID"}, "sigmoid"),
    (
        "reversed window",
        GREY,
        {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": 9, "WindowWidth": 99},
        "9/99",
    ),
    ("HU", SIGNED, {"RescaleSlope": 1, "RescaleIntercept": -24, "WindowCenter": 40, "WindowWidth": 400}, "40/400"),
    ("slope", GREY, {"RescaleSlope": "0.25", "RescaleIntercept": "-3.5", "WindowCenter": 7, "WindowWidth": 30}, "7/30"),
    ("signed, no window", SIGNED, {}, "full range"),
    ("table", GREY, {"VOILUTSequence": [lut(100, 12, [n * n // 4096 for n in range(4000)])]}, "lookup table"),
    ("table of bytes", GREY, {"VOILUTSequence": [lut(0, 8, [n // 16 for n in range(4096)])]}, "lookup table"),
    ("modality table", GREY, {"ModalityLUTSequence": [lut(0, 16, list(range(0, 8192, 2)))]}, "full range"),
    (
        "12 of 16 bits",
        GREY | 0xA000,
        {"BitsStored": 12, "HighBit": 11, "WindowCenter": 2048, "WindowWidth": 4096},
        "window",
    ),
    ("padding", np.where(GREY < 200, 0, GREY).astype(np.uint16), {"PixelPaddingValue": 0}, "full range"),
    ("8 bits", (GREY >> 4).astype(np.uint8), {}, "as stored"),
    ("8 bits reversed", (GREY >> 4).astype(np.uint8), {"PhotometricInterpretation": "MONOCHROME1"}, "as stored"),
    ("32 bits", GREY.astype(np.uint32) * 70000, {}, "full range"),
    ("one value", np.full((64, 80), 9, np.uint16), {}, "full range"),
]


@pytest.mark.parametrize(("pixels", "more", "by"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_frame_is_what_the_formula_says(pixels: Any, more: dict[str, Any], by: str) -> None:
    ours, wanted, words = seen(dataset(pixels, **more))
    assert np.array_equal(ours, wanted)
    assert by in words


def test_each_frame_has_its_own_window_and_scale() -> None:
    frames = np.stack([SIGNED, SIGNED + np.int16(100)])
    windows = [said(WindowCenter=0, WindowWidth=500), said(WindowCenter=300, WindowWidth=200)]
    scales = [said(RescaleSlope=1, RescaleIntercept=0), said(RescaleSlope=2, RescaleIntercept=-7)]
    made = dataset(
        frames,
        PerFrameFunctionalGroupsSequence=groups(FrameVOILUTSequence=windows, PixelValueTransformationSequence=scales),
    )
    pictures = [seen(made, n) for n in (1, 2)]
    assert [by for *_, by in pictures] == ["window 0/500", "window 300/200"]
    assert all(np.array_equal(ours, wanted) for ours, wanted, _ in pictures)
    shared = dataset(frames, SharedFunctionalGroupsSequence=groups(FrameVOILUTSequence=windows[1:]))
    ours, wanted, by = seen(shared, 1)
    assert by == "window 300/200"
    assert np.array_equal(ours, wanted)


def test_a_palette_and_deep_colours() -> None:
    pixels = RNG.integers(0, 4, (64, 80), dtype=np.uint8)
    made = dataset(pixels, PhotometricInterpretation="PALETTE COLOR")
    for name, entries in (("Red", [0, 255, 3, 9]), ("Green", [1, 2, 250, 9]), ("Blue", [7, 7, 7, 200])):
        setattr(made, f"{name}PaletteColorLookupTableDescriptor", [4, 0, 8])
        setattr(made, f"{name}PaletteColorLookupTableData", bytes(entries))
    ours, wanted, _ = seen(made)
    assert ours.shape == (64, 80, 3)
    assert np.array_equal(ours, wanted)
    assert set(map(tuple, ours.reshape(-1, 3).tolist())) == {(0, 1, 7), (255, 2, 7), (3, 250, 7), (9, 9, 200)}


def test_a_colour_space_that_was_retired_is_named() -> None:
    made = dataset((GREY >> 4).astype(np.uint8), PhotometricInterpretation="ARGB")
    with pytest.raises((PixelsUnsupported, PictureBroken)):
        seen(made)


@pytest.mark.parametrize("width", [0, -5, 0.5])
def test_a_window_without_width_is_named(width: float) -> None:
    file = read_file(written(dataset(GREY, WindowCenter=5, WindowWidth=width)))
    with pytest.raises(PictureBroken, match="no width"):
        shown(file.dataset, frame_of(file), 1)


@given(
    st.lists(st.floats(-4000, 4000), min_size=1, max_size=40),
    st.floats(-2000, 2000),
    st.floats(1, 4000),
    st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)
def test_more_is_never_darker(values: list[float], center: float, width: float, curve: Any) -> None:
    window = Window(center=center, width=width, curve=curve)
    found = shades(np.array(sorted(values)), window)
    assert np.all(np.diff(found.astype(int)) >= 0)
    ends = shades(np.array([center - 20 * width, center + 20 * width]), window)
    assert list(ends) == [0, 255]


def test_a_window_between_two_values() -> None:
    window = Window.between(-135, 215)
    assert list(shades(np.array([-200.0, -135.0, 40.0, 215.0, 900.0]), window)) == [0, 0, 128, 255, 255]
