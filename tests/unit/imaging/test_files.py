"""Pictures that are no DICOM, pictures of a chart, stacks of slices, and whether there is anything to see."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import DATA
from tests.unit.fhir.raw_server import answer, raw
from tests.unit.imaging.pictures import OWNER, dataset, film, picture, written
from tools.fhir.client import FhirClient
from tools.fhir.scope import PatientScope
from tools.imaging.errors import (
    ArchiveElsewhere,
    ImagingError,
    NobodysPicture,
    OthersPicture,
    PictureBroken,
    PictureEmpty,
    PictureLarge,
    PictureTiny,
    PictureUnknown,
    StudyGone,
    VolumeUnusable,
)
from tools.imaging.fetching import attached, local
from tools.imaging.header import Header
from tools.imaging.quality import checked
from tools.imaging.reading import read_picture
from tools.imaging.study import pictures_in, studies_in
from tools.imaging.volume import CT_WINDOWS, evenly, pictures_of, slices_of
from tools.imaging.window import shades

RNG = np.random.default_rng(4)
PIXELS = RNG.integers(0, 256, (480, 500), dtype=np.uint8)


def encoded(pixels: Any, kind: str = "PNG", **more: Any) -> bytes:
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, kind, **more)
    return made.getvalue()


def test_a_file_without_a_header_needs_somebody_who_vouches() -> None:
    with pytest.raises(NobodysPicture):
        read_picture(encoded(PIXELS), owner=OWNER)
    found = read_picture(encoded(PIXELS), owner=OWNER, vouched="chart")
    assert np.array_equal(found.picture.pixels, PIXELS)
    assert found.picture.header.burned_in == "unstated"
    assert found.concerns == ()


def test_a_dicom_file_is_held_to_its_header_whoever_vouches() -> None:
    with pytest.raises(OthersPicture):
        read_picture(film(PatientID="FILM-2"), owner=OWNER, vouched="person")


@pytest.mark.parametrize(
    ("body", "shape", "by"),
    [
        (encoded(np.stack([PIXELS] * 3, axis=-1)), (480, 500, 3), "as stored"),
        (encoded(PIXELS.astype(np.uint16) * 200), (480, 500), "full range"),
        (encoded(PIXELS, "JPEG"), (480, 500), "as stored"),
        (encoded(PIXELS, "TIFF"), (480, 500), "as stored"),
        (encoded(PIXELS, "JPEG", exif=Image.Exif()), (480, 500), "as stored"),
    ],
)
def test_what_is_read(body: bytes, shape: tuple[int, ...], by: str) -> None:
    found = read_picture(body, owner=OWNER, vouched="chart").picture
    assert found.pixels.shape == shape
    assert found.shown_by == by


def test_a_photograph_is_turned_as_its_file_asks() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    found = read_picture(encoded(PIXELS, "JPEG", exif=exif, quality=95), owner=OWNER, vouched="chart").picture
    assert (found.width, found.height) == (480, 500)
    assert found.turned == "turned as its file asks"


def test_what_shines_through_is_black() -> None:
    see_through = np.dstack([PIXELS, PIXELS, PIXELS, np.where(np.arange(500) < 250, 0, 255) * np.ones((480, 1))])
    found = read_picture(encoded(see_through.astype(np.uint8)), owner=OWNER, vouched="chart").picture
    assert not found.pixels[:, :250].any()
    assert np.array_equal(found.pixels[:, 250:, 0], PIXELS[:, 250:])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_half_a_file_is_named(kind: str, share: float) -> None:
    body = encoded(PIXELS, kind)
    with pytest.raises((PictureBroken, PictureUnknown)):
        read_picture(body[: int(len(body) * share)], owner=OWNER, vouched="chart")


@pytest.mark.parametrize("body", [b"", b"GIF89a" + bytes(40), b"%PDF-1.7", b"<svg/>", bytes(500)])
def test_what_is_no_picture_is_named(body: bytes) -> None:
    with pytest.raises(PictureUnknown):
        read_picture(body, owner=OWNER, vouched="chart")


def test_quality() -> None:
    good = RNG.integers(0, 255, (500, 500), dtype=np.uint8)
    assert checked(picture(good)) == ()
    assert checked(picture(good[:200, :200])) == ("small",)
    for empty in (np.zeros((500, 500)), np.full((500, 500), 255), RNG.integers(100, 103, (500, 500))):
        with pytest.raises(PictureEmpty):
            checked(picture(empty.astype(np.uint8)))
    with pytest.raises(PictureTiny):
        checked(picture(good[:50]))
    half = good.copy()
    half[250:] = 0
    with pytest.raises(PictureBroken, match="stops partway"):
        checked(picture(half))
    collimated = np.zeros((500, 500), dtype=np.uint8)
    collimated[100:350, 150:350] = good[100:350, 150:350]
    assert checked(picture(collimated)) == ()


@pytest.mark.skipif(not (DATA / "images").is_dir(), reason="PREROUND_TEST_DATA has no images")
@pytest.mark.parametrize("name", ["00000001_000.png", "Chest_Xray_PA_3-8-2010.png", "retina.jpg", "ihc.png"])
def test_pictures_of_others_can_be_read(name: str) -> None:
    found = read_picture((DATA / "images" / name).read_bytes(), owner=OWNER, vouched="person")
    assert min(found.picture.width, found.picture.height) >= 512
    assert found.concerns == ()


def media(**more: Any) -> dict[str, Any]:
    data = base64.b64encode(encoded(PIXELS)).decode()
    return {
        "resourceType": "Media",
        "id": "m1",
        "status": "completed",
        "subject": {"reference": "Patient/p"},
        "createdDateTime": "2026-02-01",
        "bodySite": {"text": "left forearm"},
        "modality": {"coding": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "XC"}]},
        "content": {"contentType": "image/png", "data": data},
        **more,
    }


def test_pictures_of_a_chart() -> None:
    linked = {"attachment": {"contentType": "image/jpeg", "url": "Binary/b1"}}
    note = {"attachment": {"contentType": "text/plain", "data": "AAAA"}}
    found = pictures_in(
        [
            media(),
            media(id="m2", status="entered-in-error"),
            {"resourceType": "DocumentReference", "id": "d1", "date": "2026-03-01", "content": [note, linked]},
            {
                "resourceType": "DiagnosticReport",
                "id": "r1",
                "effectiveDateTime": "2026-01-01",
                "presentedForm": [{"contentType": "application/pdf", "data": "AAAA"}, linked["attachment"]],
            },
            {"resourceType": "DocumentReference", "id": "d2", "content": "nonsense"},
        ]
    )
    assert [(one.reference, one.path) for one in found] == [
        ("DocumentReference/d1", "content[1].attachment"),
        ("Media/m1", "content"),
        ("DiagnosticReport/r1", "presentedForm[1]"),
    ]
    assert (found[1].said.modality, found[1].said.body_part, found[1].taken) == ("XC", "left forearm", "2026-02-01")


async def fetched(resource: dict[str, Any], *says: Any, most: int = 1_000_000) -> bytes:
    (found,) = pictures_in([resource])
    async with raw({"/fhir/Binary": list(says)}) as server, FhirClient(server.base) as client:
        return await attached(client, PatientScope(patient_id="p", base_url=server.base), found, most=most)


async def test_an_attachment_is_fetched_from_this_server_and_for_this_patient() -> None:
    body = encoded(PIXELS)
    inline = await fetched(media())
    assert inline == body
    linked = media(content={"contentType": "image/png", "url": "Binary/b1"})
    assert await fetched(linked, answer(body, kind="image/png")) == body
    binary = f'{{"resourceType":"Binary","data":"{base64.b64encode(body).decode()}","securityContext":{{"reference":'
    own, other = (f'{binary}"Patient/{who}"}}}}'.encode() for who in ("p", "q"))
    assert await fetched(linked, answer(own)) == body
    faults: list[tuple[Any, type[ImagingError]]] = [
        (answer(other), OthersPicture),
        (answer(b"", status="404 Not Found"), StudyGone),
        (answer(body, kind="image/png", length=2 << 30), PictureLarge),
    ]
    for say, kind in faults:
        with pytest.raises(kind):
            await fetched(linked, say)
    with pytest.raises(ArchiveElsewhere):
        await fetched(media(content={"contentType": "image/png", "url": "http://127.0.0.2:9/x"}))
    with pytest.raises(PictureLarge):
        await fetched(media(), most=1000)


def test_a_local_file(tmp_path: Path) -> None:
    (tmp_path / "film.dcm").write_bytes(film())
    assert local(tmp_path / "film.dcm") == film()
    with pytest.raises(PictureLarge):
        local(tmp_path / "film.dcm", most=100)
    with pytest.raises(StudyGone, match="no such file"):
        local(tmp_path / "other.dcm")


def test_studies_of_a_chart() -> None:
    series = {
        "uid": "1.2.1",
        "modality": {"code": "dx"},
        "bodySite": {"display": "Knee"},
        "laterality": {"code": "7771000"},
        "instance": [{"uid": "1.2.1.1"}, {}],
    }
    study = {
        "resourceType": "ImagingStudy",
        "id": "a",
        "status": "available",
        "started": "2026-01-01",
        "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2"}],
        "series": [series, {"modality": {"code": "CT"}}],
    }
    named = {"system": "urn:dicom:uid", "value": "urn:oid:1.3"}
    later = study | {"id": "b", "started": "2026-02-01", "identifier": [{"value": "A-1"}, named], "series": []}
    wrong = study | {"id": "c", "status": "entered-in-error"}
    nameless = study | {"id": "d", "identifier": [{"value": "A-1"}]}
    found = studies_in([study, later, wrong, nameless])
    assert [(one.reference, one.uid) for one in found] == [("ImagingStudy/b", "1.3"), ("ImagingStudy/a", "1.2")]
    (one,) = found[1].series
    assert (one.uid, one.modality, one.body_part, one.laterality) == ("1.2.1", "DX", "Knee", "left")
    assert one.instances == ("1.2.1.1",)


@pytest.mark.parametrize(("count", "taken"), [(1, 1), (84, 84), (85, 85), (86, 85), (100, 85), (1000, 85)])
def test_slices_are_taken_evenly(count: int, taken: int) -> None:
    found = evenly(count)
    assert len(found) == len(set(found)) == taken
    assert found[0] == 0
    assert found[-1] == count - 1
    gaps = np.diff(found)
    assert not len(gaps) or gaps.max() - gaps.min() <= 1


def slice_header(number: int, z: float, **more: Any) -> Header:
    said: dict[str, Any] = {"axes": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), "position": (0.0, 0.0, z), "series": "s"}
    return Header(**(said | {"number": number, "instance": str(number), "modality": "CT"} | more))


def test_slices_lie_as_in_the_body_and_scouts_are_left_out() -> None:
    scout = slice_header(99, 0.0, kind=("ORIGINAL", "PRIMARY", "LOCALIZER"))
    headers = [slice_header(n, z) for n, z in ((1, 30.0), (2, 10.0), (3, 20.0))]
    assert [one.header.number for one in slices_of([scout, *headers])] == [2, 3, 1]
    unplaced = [slice_header(n, 0.0, position=None) for n in (3, 1, 2)]
    assert [one.header.number for one in slices_of(unplaced)] == [1, 2, 3]
    many = slices_of([slice_header(1, 0.0, frames=200)])
    assert (len(many), many[0].frame, many[-1].frame) == (85, 1, 200)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [slice_header(1, 0.0), slice_header(2, 5.0)],
        [slice_header(n, 0.0) for n in range(5)],
        [slice_header(n, n, series=str(n)) for n in range(5)],
        [
            slice_header(n, n, axes=(1.0, 0.0, 0.0, 0.0, 0.0, 1.0) if n else (1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
            for n in range(5)
        ],
        [slice_header(1, 0.0, position=None), slice_header(1, 1.0), slice_header(2, 2.0)],
        [slice_header(1, 0.0, frames=10), slice_header(2, 0.0, frames=10)],
    ],
    ids=["none", "two", "one place", "several series", "crossed", "no order", "two volumes"],
)
def test_what_is_no_stack_is_named(headers: list[Header]) -> None:
    with pytest.raises(VolumeUnusable):
        slices_of(headers)


async def test_a_slice_in_three_windows_and_one_of_another_patient_in_between() -> None:
    """Red, green and blue hold the three windows in HU; the stack stops where it stops being the patient's."""
    values = RNG.integers(-1000, 1500, (96, 96)).astype(np.int16)
    said = {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -100, "SeriesInstanceUID": "1.2"}
    files = {
        str(n): written(dataset(values, **said, SOPInstanceUID=f"1.2.{n}", PatientID="FILM-1" if n < 2 else "FILM-2"))
        for n in range(3)
    }
    headers = [slice_header(n, float(n)) for n in range(3)]

    async def fetch(header: Header) -> bytes:
        return files[header.instance]

    seen = []

    async def look() -> None:
        async for one, made in pictures_of(slices_of(headers), fetch, OWNER):
            seen.append(one.label)
            for channel, window in enumerate(CT_WINDOWS):
                assert np.array_equal(made.pixels[..., channel], shades(values.astype(float) - 100, window))

    with pytest.raises(OthersPicture):
        await look()
    assert seen == ["SLICE 1", "SLICE 2"]
