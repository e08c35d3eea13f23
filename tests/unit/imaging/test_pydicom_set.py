"""Every picture of pydicom's own test set looks as the standard says; each broken one is named."""

from __future__ import annotations

import warnings
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from pydicom import Dataset, dcmread

from tests.conftest import DATA
from tests.unit.imaging.reference import expected
from tools.imaging.dicom import frame_of, is_dicom, read_file
from tools.imaging.errors import PictureBroken, PictureUnknown, PixelsMissing, PixelsUnsupported
from tools.imaging.grey import shown

FOLDER = Path(pydicom.data.__file__).parent / "test_files"
FILES = sorted(p for p in FOLDER.rglob("*") if p.is_file() and is_dicom(p.read_bytes()))
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


@cache
def reference(path: Path) -> Dataset | None:
    """The dataset, if it has pixels that pydicom itself can decode."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = dcmread(path, force=True)
            if not any(name in dataset for name in PIXELS):
                return None
            expected(dataset)
        except Exception:
            return None
        return dataset


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(FOLDER).as_posix())
def test_a_file_looks_as_the_standard_says_or_its_fault_has_a_name(path: Path) -> None:
    dataset = reference(path)
    try:
        file = read_file(path.read_bytes())
        frames = sorted({1, file.header.frames})
        pictures = [shown(file.dataset, frame_of(file, n), n).pixels for n in frames]
    except (PictureBroken, PictureUnknown, PixelsMissing, PixelsUnsupported):
        if dataset is not None:
            raise
        return
    assert dataset is not None, f"{path.name} has no picture, but one was made"
    for n, picture in zip(frames, pictures, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = expected(dataset, n - 1)
        assert picture.dtype == np.uint8
        assert np.array_equal(picture, wanted), f"{np.abs(picture.astype(int) - wanted).max()} shades off"


def test_the_set_is_as_large_as_it_was_and_mostly_readable() -> None:
    readable = [p for p in FILES if reference(p) is not None]
    assert len(FILES) > 100
    assert len(readable) > 50
    spaces = Counter(str(reference(p).PhotometricInterpretation) for p in readable)  # type: ignore[union-attr]
    assert {"MONOCHROME1", "MONOCHROME2", "RGB", "PALETTE COLOR"} <= set(spaces)


@pytest.mark.skipif(not (DATA / "images").is_dir(), reason="PREROUND_TEST_DATA has no images")
@pytest.mark.parametrize("name", ["RG1_UNCR.dcm", "CT_small.dcm", "MR_small.dcm", "bad_sequence.dcm"])
def test_a_film_of_others_looks_as_the_standard_says(name: str) -> None:
    body = (DATA / "images" / name).read_bytes()
    file = read_file(body)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = expected(dcmread(DATA / "images" / name))
    assert np.array_equal(shown(file.dataset, frame_of(file), 1).pixels, wanted)


@pytest.mark.skipif(not (DATA / "images").is_dir(), reason="PREROUND_TEST_DATA has no images")
def test_a_broken_film_of_others_is_named() -> None:
    with pytest.raises(PictureBroken, match="damaged or incomplete"):
        frame_of(read_file((DATA / "images" / "MR_truncated.dcm").read_bytes()))
