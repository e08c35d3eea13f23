"""Whole slides: the patches with tissue, at the finest magnification at which all of it fits into the budget.

wsidicom opens files of this machine, and through `tools.imaging.tiles` the frames of an archive, one by one.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom import dcmread

from tools.imaging.errors import ImagingError, PictureBroken, PictureEmpty, PictureUnknown, SlideUnusable
from tools.imaging.fit import SIDE
from tools.imaging.header import Header, header_of
from tools.imaging.patch import Patch, patches_with_tissue, tissue_of
from tools.imaging.picture import Picture
from tools.imaging.tiles import Tiles
from tools.imaging.whose import Owner
from tools.needed import needed

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What it logs may quote the file.
logging.getLogger("wsidicom").setLevel(logging.CRITICAL)

MOST_PATCHES = 126
"""Patches of one slide that MedGemma 1.5 was trained on (arXiv 2604.05081)."""
_OVERVIEW = 2048
"""Pixels of the longer side of the overview in which tissue is looked for."""


def patches_of(
    files: Sequence[Path], owner: Owner, *, most: int = MOST_PATCHES, side: int = SIDE
) -> Iterator[tuple[Patch, Picture]]:
    """The patches of one slide with their pictures, one in memory at a time.

    The label, which bears the patient's name, and the photograph of the glass are left out.

    Args:
        files: DICOM files of one series.
        owner: the round's patient, whom each file must name.
        most: patches.
        side: of a patch, in pixels.

    Raises:
        NobodysPicture, OthersPicture: a file is not known to be the patient's; no pixel was decoded.
        SlideUnusable: the files are no tiled slide, or one that cannot be read.
        PictureEmpty: there is no tissue on it.
        LibraryMissing: wsidicom is not installed.
    """
    headers = [header_at(path) for path in files]
    owner.admit_all(headers)
    volume = [(path, one) for path, one in zip(files, headers, strict=True) if "VOLUME" in one.kind]
    if not volume or len({one.series for _, one in volume}) > 1:
        raise SlideUnusable
    reader = needed("wsidicom", extra="slides").WsiDicom
    paths = [path for path, _ in volume]
    yield from _patches(lambda: reader.open(paths), [one for _, one in volume], most, side)


def patches_over(tiles: Tiles, *, most: int = MOST_PATCHES, side: int = SIDE) -> Iterator[tuple[Patch, Picture]]:
    """The same of a slide that lies in an archive: of its pixels only those frames are fetched that are looked at.

    Whose it is must have been asked before. It is to be read beside the event loop, in a thread.

    Args:
        tiles: gives them.
        most: patches.
        side: of a patch, in pixels.

    Raises:
        ImagingError: as `patches_of`, or the archive does not give them.
        LibraryMissing: wsidicom is not installed.
    """
    reader = needed("wsidicom", extra="slides").WsiDicom
    study, series = tiles.headers[0].study, tiles.headers[0].series
    yield from _patches(lambda: reader.open_web(tiles, study, series), tiles.headers, most, side)


def _patches(
    opened: Callable[[], Any], headers: Sequence[Header], most: int, side: int
) -> Iterator[tuple[Patch, Picture]]:
    source = hashlib.sha256("".join(sorted(_names(headers))).encode()).hexdigest()
    with _careful():
        slide = opened()
    with slide:
        with _careful():
            longest = max(slide.size.width, slide.size.height)
            overview = np.asarray(slide.read_thumbnail(min(_OVERVIEW, longest)).convert("RGB"))
            level, patches = _level(slide, tissue_of(overview), most, side)
        for one in patches:
            with _careful():
                region = slide.read_region((one.left, one.top), level, (one.width, one.height))
                pixels = np.asarray(region.convert("RGB"))
            by = f"as stored, from column {one.left} and row {one.top}"
            picture = Picture(pixels=pixels, header=headers[0], frame=1, shown_by=by, turned="", sha256=source)
            yield one, picture


@contextmanager
def _careful() -> Iterator[None]:
    """What readers raise on hostile files is not to be listed; what they warn of may quote the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImagingError:
        raise
    except Exception:
        raise SlideUnusable from None


def _level(slide: Any, mask: NDArray[np.bool_], most: int, side: int) -> tuple[int, tuple[Patch, ...]]:  # noqa: ANN401 - wsidicom has no types
    """The finest level whose patches with tissue are not too many; else the coarsest, cut to those with most tissue."""
    levels = sorted(slide.pyramid, key=lambda one: one.level)
    full = levels[0].size.width
    found: list[Patch] = []
    for one in levels:
        microns = float(one.mpp.width) if one.mpp else None
        found = patches_with_tissue(
            mask, (one.size.width, one.size.height), side, downsampling=full / one.size.width, microns=microns
        )
        if len(found) <= most:
            break
    if not found:
        raise PictureEmpty
    kept = sorted(found, key=lambda patch: (-patch.tissue, patch.number))[:most]
    return one.level, tuple(replace(one, of=len(found)) for one in sorted(kept, key=lambda patch: patch.number))


def header_at(path: Path) -> Header:
    """What a DICOM file says, without its pixels, which may be gigabytes.

    Raises:
        PictureBroken, PictureUnknown: it cannot be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return header_of(dcmread(path, stop_before_pixels=True))
    except OSError:
        raise PictureBroken from None
    except Exception:  # what a parser raises on hostile bytes is not to be listed
        raise PictureUnknown from None


def _names(headers: Sequence[Header]) -> Iterator[str]:
    """What tells one slide from another without reading its gigabytes: the instances and how large they are."""
    for one in headers:
        yield f"{one.instance} {one.frames} {one.width} {one.height}\n"
