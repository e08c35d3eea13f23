"""The square that a model sees: what lies where in it, and boxes that find the way back."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.unit.imaging.pictures import picture
from tools.imaging.errors import PictureNames
from tools.imaging.fit import SIDE, Box, Fit
from tools.imaging.handing import handed

SIDES = st.integers(64, 6000)


@st.composite
def boxes(draw: st.DrawFn) -> tuple[Fit, Box]:
    width, height = draw(SIDES), draw(SIDES)
    left, top = draw(st.floats(0, width - 2)), draw(st.floats(0, height - 2))
    right, bottom = draw(st.floats(left + 1, width)), draw(st.floats(top + 1, height))
    fit = Fit.of(width, height, enlarge=draw(st.booleans()))
    return fit, Box(left=left, top=top, right=right, bottom=bottom)


@given(boxes())
def test_a_box_survives_padding_and_resizing_within_a_pixel_of_the_square(case: tuple[Fit, Box]) -> None:
    fit, box = case
    back = fit.from_model(fit.to_model(box))
    # A box thinner than the model's own steps may vanish; anything wider than two comes back.
    across, down = fit.drawn_width / fit.width, fit.drawn_height / fit.height
    if (box.right - box.left) * across < 2 or (box.bottom - box.top) * down < 2:
        return
    assert back is not None
    assert abs(back.left - box.left) * across <= 1
    assert abs(back.right - box.right) * across <= 1
    assert abs(back.top - box.top) * down <= 1
    assert abs(back.bottom - box.bottom) * down <= 1


@pytest.mark.parametrize(("width", "height"), [(1841, 1955), (3000, 1000), (896, 896), (500, 400)])
def test_a_mark_lies_where_the_box_says(width: int, height: int) -> None:
    """Drawn into the film, found again in the PNG, and said in the model's words: the same place."""
    pixels = np.zeros((height, width), dtype=np.uint8)
    mark = Box(left=width // 2, top=height // 4, right=width // 2 + 80, bottom=height // 4 + 60)
    pixels[int(mark.top) : int(mark.bottom), int(mark.left) : int(mark.right)] = 255
    sent = handed(picture(pixels), to="this machine")
    square = np.asarray(Image.open(io.BytesIO(sent.png)))
    rows, columns = np.nonzero(square > 127)
    assert square.shape == (SIDE, SIDE)
    top, left, bottom, right = (one * SIDE / 1000 for one in sent.fit.to_model(mark))
    assert abs(rows.min() - top) <= 1
    assert abs(rows.max() + 1 - bottom) <= 1
    assert abs(columns.min() - left) <= 1
    assert abs(columns.max() + 1 - right) <= 1


def test_a_small_picture_is_not_enlarged_unasked() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (200, 300), dtype=np.uint8)
    plain = handed(picture(pixels), to="this machine")
    assert not plain.fit.enlarged
    square = np.asarray(Image.open(io.BytesIO(plain.png)))
    fit = plain.fit
    inside = square[fit.top : fit.top + 200, fit.left : fit.left + 300]
    assert np.array_equal(inside, pixels)
    assert square.sum() == pixels.sum()
    asked = handed(picture(pixels), to="this machine", enlarge=True)
    assert asked.fit.enlarged
    assert (asked.fit.drawn_width, asked.fit.drawn_height) == (896, 597)


def test_a_box_outside_the_picture_is_none() -> None:
    fit = Fit.of(1000, 500)
    assert fit.from_model((0, 0, 200, 1000)) is None
    assert fit.from_model((600, 400, 500, 300)) is None
    assert fit.from_model((0, 0, 1000, 1000)) == Box(left=0, top=0, right=1000, bottom=500)


@pytest.mark.parametrize(("burned_in", "goes"), [("no", True), ("yes", False), ("unstated", False)])
def test_names_in_the_pixels_stay_on_this_machine(burned_in: str, goes: bool) -> None:
    pixels = np.full((900, 900), 7, dtype=np.uint8)
    film = picture(pixels, burned_in=burned_in)
    handed(film, to="this machine")
    if goes:
        handed(film, to="another machine")
        return
    with pytest.raises(PictureNames, match=r"burned into the picture, so it goes to no other machine"):
        handed(film, to="another machine")


def test_what_is_sent_holds_pixels_and_nothing_else() -> None:
    pixels = np.zeros((900, 900), dtype=np.uint8)
    png = handed(picture(pixels), to="this machine").png
    at, kinds = 8, []
    while at < len(png):
        kinds.append(png[at + 4 : at + 8])
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}
