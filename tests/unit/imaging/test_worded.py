"""What words say of a picture that says nothing of itself, by a table; square pixels, overlays and days."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from preround.failure import Unusable
from preround.imaging.supplied import Supplied, by_hand
from tests.unit.imaging.pictures import OWNER, dataset, film, written
from tools.imaging.archive import MOST_BYTES
from tools.imaging.dicom import read_file
from tools.imaging.errors import PictureLarge
from tools.imaging.header import Header
from tools.imaging.hung import with_square_pixels
from tools.imaging.reading import read_picture
from tools.imaging.worded import Worded, modality_in, view_in, worded

DCM, SNOMED = "http://dicom.nema.org/resources/ontology/DCM", "http://snomed.info/sct"


def coded(system: str, code: str, **more: Any) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **more}]}


SAID: list[tuple[list[Any], list[Any], tuple[str, str, str | None, str | None]]] = [
    ([{"text": "Chest film PA"}], [], ("RG", "chest", "PA", None)),
    ([{"coding": [{"display": "XR Chest AP portable"}]}], [], ("RG", "chest", "AP", None)),
    ([coded(DCM, "dx"), coded(SNOMED, "51185008"), coded(SNOMED, "272479007")], [], ("DX", "chest", "PA", None)),
    ([{"text": "CXR, left lateral"}], [], ("RG", "chest", "left lateral", None)),
    ([{"text": "X-ray of the right hand"}], ["oblique"], ("RG", "arm", "other", "right")),
    ([{"text": "PA and lateral chest x-ray"}], [], ("RG", "chest", None, None)),
    ([{"text": "MRI brain, compared with CT"}], [], ("", "head", None, None)),
    ([{"text": "CT chest and abdomen"}], [], ("CT", "", None, None)),
    ([{"text": "Fundus photograph"}, coded(SNOMED, "7771000")], [], ("OP", "eye", None, "left")),
    ([{"text": "Clinical photograph"}], ["skin of the back"], ("XC", "skin", None, None)),
    ([coded(DCM, "CT"), coded(DCM, "MR")], [], ("", "", None, None)),
    ([coded(DCM, "SEG"), {"text": "chest"}], [], ("", "chest", None, None)),
    ([coded("http://terminology.hl7.org/CodeSystem/v2-0074", "RX")], [], ("RG", "", None, None)),
    ([coded("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD")], [], ("", "", None, None)),
    ([{"text": "Discharge summary"}, None, "text", {"coding": "CT"}, 7], [None, 3], ("", "", None, None)),
    ([{"text": "Factsheet on petunias and mapping"}], [], ("", "", None, None)),
]


@pytest.mark.parametrize(("concepts", "texts", "wanted"), SAID)
def test_what_is_said_plainly_is_known_and_nothing_else(concepts: list[Any], texts: list[Any], wanted: Any) -> None:
    found = worded(concepts, texts)
    assert (found.modality, found.body_part, found.view, found.laterality) == wanted
    assert worded(concepts[::-1], texts) == found


def test_what_the_picture_says_comes_first() -> None:
    said = Worded(modality="RG", body_part="chest", view="AP", taken="2026-01-01")
    own = Header(modality="DX", view="PA")
    found, lines = Supplied(by="Media/7", said=said).over(own)
    assert (found.modality, found.view, found.body_part, found.taken) == ("DX", "PA", "chest", "2026-01-01")
    assert lines == ("By Media/7, not by the picture itself: body part chest, day 2026-01-01.",)
    assert Supplied(by="Media/7", said=Worded()).over(own) == (own, ())


@pytest.mark.parametrize(
    ("there", "given"),
    [
        ({"modality": "CT"}, {"modality": "DX"}),
        ({"body_part": "HAND"}, {"body_part": "chest"}),
        ({"view": "AP"}, {"view": "pa"}),
        ({"taken": "2026-03-01T10:00:00"}, {"taken": "2026-03-02"}),
    ],
)
def test_nobody_overrules_a_picture_by_hand(there: Any, given: dict[str, str]) -> None:
    said = by_hand(**given)
    assert said is not None
    with pytest.raises(Unusable, match="leave --"):
        Supplied(by="", said=said).over(Header(**there))


def test_what_a_person_says_is_read_or_refused() -> None:
    found = by_hand(modality="x-ray", body_part="Chest", view="postero-anterior", taken="2026-03-01")
    assert found == Worded(modality="RG", body_part="Chest", view="PA", taken="2026-03-01")
    assert by_hand() is None
    for given, words in (
        ({"modality": "magic"}, "such as DX"),
        ({"body_part": "soul"}, "chest"),
        ({"view": "upside down"}, "frontal"),
        ({"view": "oblique"}, "PA, AP"),
        ({"taken": "yesterday"}, "2026-03-01"),
    ):
        with pytest.raises(Unusable, match=words):
            by_hand(**given)
    assert (modality_in("dx"), modality_in("CT or MR"), view_in("PA or AP")) == ("DX", "", None)


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ({"PixelAspectRatio": [2, 1]}, (512, 960)),
        ({"PixelAspectRatio": [1, 2]}, (1024, 480)),
        ({"PixelSpacing": [0.5, 0.4]}, (512, 600)),
        ({"ImagerPixelSpacing": [0.14, 0.14], "PixelAspectRatio": [2, 1]}, (512, 480)),
        ({"PixelAspectRatio": [0, 1]}, (512, 480)),
        ({"PixelAspectRatio": [9999, 1]}, (512, 480)),
        ({"PixelSpacing": [0.2, 0.2001]}, (512, 480)),
        ({"PixelAspectRatio": [2, 1], "PatientOrientation": ["F", "L"]}, (960, 512)),
    ],
)
def test_a_round_thing_is_no_oval(said: dict[str, Any], size: tuple[int, int]) -> None:
    found = read_picture(film(**said), owner=OWNER).picture
    assert (found.width, found.height) == size
    assert ("not square" in found.turned) == (set(size) != {512, 480})


@pytest.mark.parametrize("holder", ["SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"])
def test_an_enhanced_file_says_it_in_its_functional_groups(holder: str) -> None:
    turned = [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]
    measures, plane, item = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, plane.ImageOrientationPatient = [0.5, 0.4], turned
    item.PixelMeasuresSequence, item.PlaneOrientationSequence = [measures], [plane]
    found = read_file(film(**{holder: [item], "ImagerPixelSpacing": [0.14, 0.14]}))
    assert (found.header.spacing, found.header.aspect, found.header.axes) == ((0.5, 0.4), 1.25, tuple(turned))
    seen = read_picture(film(**{holder: [item]}), owner=OWNER).picture
    assert (seen.width, seen.height) == (600, 512), "made square, then turned as its plane lies"
    own = read_file(film(**{holder: [item], "PixelSpacing": [0.2, 0.2]})).header
    assert own.aspect == 1.0, "what stands at the top comes first"


def test_a_disc_under_tall_pixels_is_round_again() -> None:
    rows, columns = np.mgrid[0:200, 0:400]
    disc = (((rows - 100) * 2) ** 2 + (columns - 200) ** 2 < 150**2).astype(np.uint8) * 200
    found, words = with_square_pixels(disc, 2.0)
    assert words == "stretched 2.00 times in height, as its pixels are not square"
    inside = np.argwhere(found > 100)
    assert abs(np.ptp(inside[:, 0]) - np.ptp(inside[:, 1])) <= 3
    with pytest.raises(PictureLarge):
        with_square_pixels(np.zeros((9_000, 9_000), dtype=np.uint8), 9.0)


def test_an_overlay_is_said_and_not_drawn() -> None:
    made = dataset()
    plain = read_picture(written(made), owner=OWNER)
    made.add_new(0x60000010, "US", 480)
    made.add_new(0x60000011, "US", 512)
    made.add_new(0x60003000, "OW", bytes(480 * 512 // 8))
    found = read_picture(written(made), owner=OWNER)
    assert (found.concerns, plain.concerns) == (("overlay",), ())
    assert np.array_equal(found.picture.pixels, plain.picture.pixels)
    assert len(written(made)) < MOST_BYTES


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ({"AcquisitionDate": "20260101", "AcquisitionTime": "2350"}, "2026-01-01T23:50:00"),
        ({"AcquisitionDateTime": "20260101235000.5", "AcquisitionDate": "20251231"}, "2026-01-01T23:50:00"),
        ({"SeriesDate": "20251201", "ContentDate": "20251202"}, "2026-01-02T09:11:00"),
        ({"AcquisitionTime": "2350"}, "2026-01-02T09:11:00"),
    ],
)
def test_a_picture_is_of_the_day_on_which_it_was_acquired(said: dict[str, Any], taken: str) -> None:
    header = read_file(film(**said)).header
    assert (header.taken, header.studied) == (taken, "2026-01-02")
