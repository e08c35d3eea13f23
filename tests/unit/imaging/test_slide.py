"""Whole slides: patches with tissue, within the budget, at the finest magnification that fits; never the label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.imaging.pictures import OWNER, film
from tests.unit.imaging.slides import TISSUE, glass, slide
from tools.imaging.errors import OthersPicture, PictureEmpty, PictureUnknown, SlideUnusable
from tools.imaging.handing import handed
from tools.imaging.patch import patches_with_tissue, tissue_of
from tools.imaging.slide import patches_of

SIDE = 224
BLOTS = [(300, 300, 150), (900, 620, 90)]


def test_each_patch_is_the_slide_at_that_place(tmp_path: Path) -> None:
    pixels = glass(1300, 900, BLOTS)
    found = list(patches_of(slide(tmp_path, pixels), OWNER, side=SIDE))
    assert found
    for patch, picture in found:
        assert patch.downsampling == 1
        assert patch.microns == 0.5
        there = pixels[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
        assert np.array_equal(picture.pixels, there)
        assert picture.header.modality == "SM"
    # Every patch with tissue is there, and none of glass alone.
    seen = np.zeros(pixels.shape[:2], dtype=bool)
    for patch, _ in found:
        seen[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width] = True
    tissue = (pixels == TISSUE).all(axis=2)
    assert tissue[seen].sum() / tissue.sum() > 0.9
    assert [p.number for p, _ in found] == sorted(p.number for p, _ in found)
    sent = handed(found[0][1], to="another machine", label=found[0][0].label)
    assert sent.label.startswith("PATCH ")


def test_a_budget_means_a_coarser_level_and_then_those_with_most_tissue(tmp_path: Path) -> None:
    files = slide(tmp_path, glass(1300, 900, BLOTS))
    fine = [p for p, _ in patches_of(files, OWNER, side=SIDE)]
    coarse = [p for p, _ in patches_of(files, OWNER, side=SIDE, most=len(fine) - 1)]
    assert {p.downsampling for p in coarse} == {2}
    assert len(coarse) < len(fine)
    assert {p.microns for p in coarse} == {1.0}
    (most,) = [p for p, _ in patches_of(files, OWNER, side=SIDE, most=1)]
    assert most.tissue == max(p.tissue for p in coarse)


def test_glass_without_tissue_is_named(tmp_path: Path) -> None:
    with pytest.raises(PictureEmpty):
        list(patches_of(slide(tmp_path, glass(600, 500, [])), OWNER, side=SIDE))


def test_another_patients_slide_is_not_opened(tmp_path: Path) -> None:
    files = slide(tmp_path, glass(600, 500, BLOTS), PatientID="FILM-2")
    with pytest.raises(OthersPicture):
        list(patches_of(files, OWNER, side=SIDE))


def test_what_is_no_slide_is_named(tmp_path: Path) -> None:
    (tmp_path / "film.dcm").write_bytes(film())
    with pytest.raises(SlideUnusable):
        list(patches_of([tmp_path / "film.dcm"], OWNER))
    files = slide(tmp_path, glass(600, 500, BLOTS))
    for path in files[:-1]:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SlideUnusable):
        list(patches_of(files, OWNER, side=SIDE))
    (tmp_path / "text.dcm").write_bytes(b"no slide at all" * 40)
    with pytest.raises(PictureUnknown):
        list(patches_of([tmp_path / "text.dcm"], OWNER))


@given(
    st.integers(1, 3000),
    st.integers(1, 3000),
    st.integers(50, 1000),
    st.integers(1, 60),
    st.integers(1, 60),
)
def test_patches_cover_a_slide_of_any_size_once(width: int, height: int, side: int, rows: int, columns: int) -> None:
    found = patches_with_tissue(np.ones((rows, columns), dtype=bool), (width, height), side)
    assert sum(p.width * p.height for p in found) == width * height
    assert len({(p.left, p.top) for p in found}) == len(found)
    assert all(0 < p.width <= side and p.left + p.width <= width for p in found)
    assert all(0 < p.height <= side and p.top + p.height <= height for p in found)


def test_tissue_is_what_has_colour() -> None:
    pixels = glass(400, 300, [(200, 150, 60)])
    pixels[:40, :40] = 20
    found = tissue_of(pixels)
    assert np.array_equal(found, (pixels == TISSUE).all(axis=2))
    assert not tissue_of(glass(50, 50, [])).any()
