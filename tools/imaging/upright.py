"""Which way up: pictures are turned as they are hung, frontal films with the patient facing the reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tools.imaging.header import Header

_AXES = {"L": (1, 0, 0), "R": (-1, 0, 0), "P": (0, 1, 0), "A": (0, -1, 0), "H": (0, 0, 1), "F": (0, 0, -1)}
"""Directions in the patient's system: x to the left, y to the back, z to the head (PS3.3, C.7.6.2.1.1)."""
_PAIRS = {"L": "x", "R": "x", "A": "y", "P": "y", "H": "z", "F": "z"}
_WORDS = {
    (False, False, False): "",
    (False, True, False): "mirrored",
    (False, False, True): "turned upside down and mirrored",
    (False, True, True): "turned by 180 degrees",
    (True, False, False): "transposed",
    (True, True, False): "turned by 90 degrees to the right",
    (True, False, True): "turned by 90 degrees to the left",
    (True, True, True): "transposed over the other diagonal",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """How a picture is brought upright: first transposed, then mirrored."""

    transpose: bool = False
    """Rows become columns."""
    across: bool = False
    """Left and right change places, after that."""
    down: bool = False
    """Top and bottom change places, after that."""

    @property
    def words(self) -> str:
        """For people; empty where nothing is done."""
        return _WORDS[self.transpose, self.across, self.down]

    def of(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The picture upright, without a copy."""
        turned = pixels.swapaxes(0, 1) if self.transpose else pixels
        return turned[:: -1 if self.down else 1, :: -1 if self.across else 1]


def turn_of(header: Header) -> Turn:
    """How a picture is brought upright; not at all where it does not say which way it lies."""
    directions = header.directions or _directions(header.axes)
    if directions is None:
        return Turn()
    row, column = (one[:1] for one in directions)
    if row not in _PAIRS or column not in _PAIRS or _PAIRS[row] == _PAIRS[column]:
        return Turn()
    goal_row, goal_column = _goal({row, column})
    transpose = _PAIRS[row] != _PAIRS[goal_row]
    if transpose:
        row, column = column, row
    return Turn(transpose=transpose, across=row != goal_row, down=column != goal_column)


def _goal(pair: set[str]) -> tuple[str, str]:
    """Where rows and columns run to in a picture as it is hung.

    Frontal: to the patient's left and feet. Axial: to the left and back. Seen from the side: to the feet, and to where
    it was looking, which is not ours to change.
    """
    planes = {_PAIRS[one] for one in pair}
    if planes == {"x", "z"}:
        return "L", "F"
    if planes == {"x", "y"}:
        return "L", "P"
    return next(one for one in pair if _PAIRS[one] == "y"), "F"


def _directions(axes: tuple[float, ...] | None) -> tuple[str, str] | None:
    """The letters that direction cosines come closest to."""
    if axes is None:
        return None
    return _nearest(axes[:3]), _nearest(axes[3:])


def _nearest(vector: tuple[float, ...]) -> str:
    return max(_AXES, key=lambda one: float(np.dot(_AXES[one], vector)))
