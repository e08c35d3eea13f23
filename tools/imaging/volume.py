"""Volumes: a stack of slices as the pictures that MedGemma was trained on, one at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tools.imaging.dicom import File, frame_of, read_file
from tools.imaging.errors import VolumeUnusable
from tools.imaging.grey import shown, values_of
from tools.imaging.header import Header
from tools.imaging.hung import hung
from tools.imaging.picture import Picture
from tools.imaging.whose import Owner
from tools.imaging.window import Window, shades

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_SLICES = 85
"""Slices of one volume that MedGemma 1.5 was trained on (arXiv 2604.05081)."""
CT_WINDOWS = (Window.between(-1024, 1024), Window.between(-135, 215), Window.between(0, 80))
"""What red, green and blue hold of a CT slice, in HU: all of it, soft tissue, brain (arXiv 2604.05081)."""
CT_WORDS = "red -1024 to 1024, green -135 to 215, blue 0 to 80 HU"
_FEWEST = 3
_PARALLEL = 0.99


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """One slice that will be sent."""

    header: Header
    """The header of the file that holds it."""
    frame: int
    """Which of that file's frames, from 1."""
    number: int
    """Its place in the volume, from 1, counted from the first to the last slice there is."""

    @property
    def label(self) -> str:
        """What the model is told beside it."""
        return f"SLICE {self.number}"


def evenly(count: int, most: int = MOST_SLICES) -> tuple[int, ...]:
    """Which of `count` things are taken, from 0: all, or `most` of them evenly with the first and the last."""
    if count <= most:
        return tuple(range(count))
    if most == 1:
        return (count // 2,)
    return tuple(round(at * (count - 1) / (most - 1)) for at in range(most))


def slices_of(headers: Sequence[Header], most: int = MOST_SLICES) -> tuple[Slice, ...]:
    """The slices that are sent of one series, in the order in which they lie in the body.

    Scouts are left out. A file with several frames is a volume by itself, its frames in their own order.

    Args:
        headers: of one series, from the archive's metadata or from files.
        most: slices.

    Raises:
        VolumeUnusable: fewer than three slices, or slices that do not lie in one stack.
    """
    proper = [one for one in headers if "LOCALIZER" not in one.kind]
    many = [one for one in proper if one.frames > 1]
    if many:
        if len(proper) > 1:
            raise VolumeUnusable
        return tuple(Slice(header=many[0], frame=at + 1, number=at + 1) for at in evenly(many[0].frames, most))
    if len({one.series for one in proper}) > 1 or len(proper) < _FEWEST:
        raise VolumeUnusable
    ordered = _stacked(proper)
    return tuple(Slice(header=ordered[at], frame=1, number=at + 1) for at in evenly(len(ordered), most))


async def pictures_of(
    slices: Sequence[Slice], fetch: Callable[[Header], Awaitable[bytes]], owner: Owner
) -> AsyncIterator[tuple[Slice, Picture]]:
    """The slices' pictures, one in memory at a time.

    Args:
        slices: from `slices_of`.
        fetch: gives the file of a header, such as one instance of the archive.
        owner: the round's patient, whom each file must name.

    Raises:
        ImagingError: one of the named kinds; what was not yielded yet is not.
    """
    held: tuple[str, File] | None = None
    for one in slices:
        if held is None or held[0] != one.header.instance:
            held = None
            file = read_file(await fetch(one.header))
            owner.admit(file.header)
            held = one.header.instance, file
        yield one, slice_picture(held[1], one.frame)


def slice_picture(file: File, frame: int = 1) -> Picture:
    """One slice: CT in three windows as red, green and blue; MR in its own window, grey.

    Raises:
        ImagingError: one of the named kinds.
    """
    stored = frame_of(file, frame)
    if file.header.modality == "CT":
        pixels, by = _three_windows(values_of(file.dataset, stored, frame).real()), CT_WORDS
    else:
        found = shown(file.dataset, stored, frame)
        pixels, by = found.pixels, found.by
    return hung(file, pixels, frame, by)


def _three_windows(hounsfield: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.stack([shades(hounsfield, one) for one in CT_WINDOWS], axis=-1)


def _stacked(headers: Sequence[Header]) -> list[Header]:
    """Along the axis that the slices are perpendicular to, from the feet up where it is the body's."""
    if any(one.position is None or one.axes is None for one in headers):
        numbers = [one.number for one in headers]
        if None in numbers or len(set(numbers)) < len(numbers):
            raise VolumeUnusable
        return sorted(headers, key=lambda one: one.number or 0)
    normals = [_normal(one.axes) for one in headers]
    first = normals[0]
    if any(abs(float(np.dot(first, one))) < _PARALLEL for one in normals):
        raise VolumeUnusable
    placed = [(round(float(np.dot(first, one.position)), 3), one) for one in headers if one.position]
    if Counter(at for at, _ in placed).most_common(1)[0][1] > 1:
        raise VolumeUnusable
    return [one for _, one in sorted(placed, key=lambda pair: pair[0])]


def _normal(axes: Any) -> NDArray[np.float64]:  # noqa: ANN401 - six numbers
    return np.cross(axes[:3], axes[3:])
