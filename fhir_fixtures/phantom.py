"""Chests that nobody has: drawn by arithmetic, with what the story says at a place that is known to the pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fhir_fixtures.film import CHEST_SLICES, Film, Sight

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS, COLUMNS = 1040, 1024
"""Of a film."""
MM = 0.4
"""Side of a film's pixel."""
CT_SIDE, CT_MM, CT_STEP = 128, 3.0, 3.0
"""Of a slice: pixels, millimetres a pixel, millimetres from slice to slice."""
_LUNG = {"right": (330, 500), "left": (694, 500)}
"""Centres of the lungs on a film, column and row; the patient's right lies to the left."""
_LUNG_SIZE = (150, 330)
_ZONES = {"upper": -190, "middle": 0, "lower": 170}
_TISSUE, _AIR, _BONE, _DENSE = 2200.0, 900.0, 3000.0, 2700.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """Where a thing lies on a film, in pixels."""

    sight: Sight
    """What the story says."""
    left: int
    """First column."""
    top: int
    """First row."""
    right: int
    """Column after the last."""
    bottom: int
    """Row after the last."""


def chest(film: Film) -> tuple[NDArray[np.uint16], tuple[Drawn, ...]]:
    """A frontal chest of 12 bits, dense is high; and where what it shows was drawn."""
    y, x = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float64)
    values = np.where(_oval(x, y, 512, 620, 470, 640), _TISSUE, 150.0)
    values[_oval(x, y, 512, 90, 120, 140)] = _TISSUE
    lungs = {side: _oval(x, y, *centre, *_LUNG_SIZE) for side, centre in _LUNG.items()}
    for inside in lungs.values():
        values[inside] = _AIR
    values[_oval(x, y, 570, 650, 150, 170)] = 2500.0
    values[(np.abs(x - 512) < 34) & (y > 120) & (y < 980)] = _BONE
    ribs = np.sin((y + 0.0009 * (x - 512) ** 2) / 13.5) > 0.86
    values[ribs & (lungs["right"] | lungs["left"])] += 260.0
    drawn = tuple(_draw(values, one, lungs[one.side], x, y) for one in film.shows)
    grain = np.random.default_rng(7).normal(0, 18, values.shape)
    return np.clip(values + grain, 0, 4095).astype(np.uint16), drawn


def _draw(
    values: NDArray[np.float64], sight: Sight, lung: NDArray[np.bool_], x: NDArray[np.float64], y: NDArray[np.float64]
) -> Drawn:
    column, row = _LUNG[sight.side]
    if sight.what == "effusion":
        level = row + _LUNG_SIZE[1] - sight.mm / MM
        # Fluid climbs at the wall.
        outward = (column - x if sight.side == "right" else x - column) / _LUNG_SIZE[0]
        where = lung & (y > level - 30 * np.clip(outward, 0, 1))
        values[where] = _DENSE
    elif sight.what == "line":
        start = column + (-120 if sight.side == "right" else 120)
        along = np.clip((y - 60) / (470 - 60), 0, 1)
        where = (np.abs(x - (start + along * (490 - start))) < 2.5) & (y >= 60) & (y <= 470)
        values[where] = 3900.0
    else:
        row += _ZONES[sight.zone]
        radius = sight.mm / MM / 2
        where = _oval(x, y, column, row, radius, radius) & lung
        values[where] += 1300.0
    rows, columns = np.nonzero(where)
    return Drawn(
        sight=sight,
        left=int(columns.min()),
        top=int(rows.min()),
        right=int(columns.max()) + 1,
        bottom=int(rows.max()) + 1,
    )


def chest_slices(film: Film) -> Iterator[NDArray[np.int16]]:
    """The slices of a chest in HU, from the feet up, one at a time."""
    y, x = np.mgrid[0:CT_SIDE, 0:CT_SIDE].astype(np.float64)
    centre = (CT_SIDE - 1) / 2
    body = _oval(x, y, centre, centre, 58, 40)
    spine = _oval(x, y, centre, centre + 24, 7, 7)
    rng = np.random.default_rng(11)
    for number in range(CHEST_SLICES):
        z = (number - CHEST_SLICES / 2) / (CHEST_SLICES / 2)
        values = np.where(body, 40.0, -1000.0)
        for side in (-1, 1):
            scale = float(np.sqrt(max(0.0, 1 - z * z)))
            if scale > 0.15:
                values[_oval(x, y, centre + side * 27, centre - 3, 20 * scale, 27 * scale)] = -850.0
        values[spine] = 400.0
        for one in film.shows:
            _nodule(values, one, number, x, y, centre)
        yield np.round(values + rng.normal(0, 8, values.shape)).astype(np.int16)


def _nodule(
    values: NDArray[np.float64],
    sight: Sight,
    number: int,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    centre: float,
) -> None:
    """A ball in the lung of the story's side; in a slice the patient's right lies to the left."""
    middle = {"lower": 30, "middle": 50, "upper": 70}[sight.zone]
    rest = (sight.mm / 2) ** 2 - ((number - middle) * CT_STEP) ** 2
    if rest > 0:
        radius = rest**0.5 / CT_MM
        values[_oval(x, y, centre + (-27 if sight.side == "right" else 27), centre - 3, radius, radius)] = 60.0


def _oval(
    x: NDArray[np.float64], y: NDArray[np.float64], column: float, row: float, across: float, down: float
) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = ((x - column) / across) ** 2 + ((y - row) / down) ** 2 <= 1
    return inside
