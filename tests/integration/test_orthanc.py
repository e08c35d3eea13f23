"""Films stored in a real Orthanc are found, fetched and seen; what it does not have or is another's is named."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tests.conftest import DATA
from tests.orthanc import Orthanc, orthanc
from tests.unit.imaging.pictures import OWNER, dataset, film, written
from tools.imaging.archive import Archive
from tools.imaging.dicom import frame_of, read_file
from tools.imaging.errors import FrameMissing, OthersPicture, StudyGone
from tools.imaging.handing import handed
from tools.imaging.reading import read_picture
from tools.imaging.volume import pictures_of, slices_of

MADE = dataset()
STUDY, SERIES, INSTANCE = str(MADE.StudyInstanceUID), str(MADE.SeriesInstanceUID), str(MADE.SOPInstanceUID)


@pytest.fixture(scope="module")
def archive_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        yield server


async def test_a_film_is_found_fetched_and_handed(archive_server: Orthanc) -> None:
    archive_server.store(film())
    async with Archive(archive_server.dicomweb) as archive:
        (found,) = await archive.studies("FILM-1")
        assert (found.header.study, found.modalities, found.instances) == (STUDY, ("DX",), 1)
        OWNER.admit(found.header)
        (header,) = await archive.headers(STUDY)
        assert (header.modality, header.body_part, header.view) == ("DX", "CHEST", "PA")
        assert (header.taken, header.burned_in) == ("2026-01-02T09:11:00", "no")
        body = await archive.instance(STUDY, header.series, header.instance)
    sent = handed(read_picture(body, owner=OWNER).picture, to="another machine")
    square = np.asarray(Image.open(io.BytesIO(sent.png)))
    assert square.shape == (896, 896)
    assert sent.header.instance == INSTANCE


async def test_one_frame_and_a_rendered_picture(archive_server: Orthanc) -> None:
    archive_server.store(film())
    async with Archive(archive_server.dicomweb) as archive:
        kind, pixels = await archive.frame(STUDY, SERIES, INSTANCE, 1)
        rendered = await archive.rendered(STUDY, SERIES, INSTANCE)
        assert "octet-stream" in kind
        assert pixels == MADE.PixelData
        assert Image.open(io.BytesIO(rendered)).size == (512, 480)
        with pytest.raises((StudyGone, FrameMissing)):
            await archive.frame(STUDY, SERIES, INSTANCE, 2)


async def test_nothing_is_an_answer_and_what_is_gone_is_said(archive_server: Orthanc) -> None:
    archive_server.store(film())
    async with Archive(archive_server.dicomweb) as archive:
        assert await archive.studies("NOBODY") == ()
        archive_server.forget(STUDY)
        with pytest.raises(StudyGone, match="no longer has this"):
            await archive.instance(STUDY, SERIES, INSTANCE)
        with pytest.raises(StudyGone):
            await archive.headers(STUDY)


async def test_another_patients_film_is_not_opened(archive_server: Orthanc) -> None:
    archive_server.store(film(PatientID="FILM-2", SOPInstanceUID="1.2.3.4", StudyInstanceUID="1.2.3"))
    async with Archive(archive_server.dicomweb) as archive:
        (header,) = await archive.headers("1.2.3")
        body = await archive.instance("1.2.3", header.series, header.instance)
    with pytest.raises(OthersPicture):
        read_picture(body, owner=OWNER)


async def test_a_stack_of_slices_comes_one_by_one_in_order(archive_server: Orthanc) -> None:
    rng = np.random.default_rng(5)
    made = [
        dataset(
            rng.integers(-1000, 1000, (96, 96), dtype=np.int16),
            Modality="CT",
            SOPClassUID="1.2.840.10008.5.1.4.1.1.2",
            SOPInstanceUID=f"1.2.9.{n}",
            StudyInstanceUID="1.2.9",
            SeriesInstanceUID="1.2.9.0",
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            ImagePositionPatient=[0, 0, 5 * n],
            InstanceNumber=90 - n,
        )
        for n in (3, 1, 4, 2)
    ]
    archive_server.store(*(written(one) for one in made))
    async with Archive(archive_server.dicomweb) as archive:
        slices = slices_of(await archive.headers("1.2.9", "1.2.9.0"), most=3)
        got = [
            (one.label, picture)
            async for one, picture in pictures_of(
                slices, lambda h: archive.instance(h.study, h.series, h.instance), OWNER
            )
        ]
    assert [label for label, _ in got] == ["SLICE 1", "SLICE 3", "SLICE 4"]
    assert [p.header.instance for _, p in got] == ["1.2.9.1", "1.2.9.3", "1.2.9.4"]
    assert all(p.pixels.shape == (96, 96, 3) for _, p in got)


@pytest.mark.skipif(not (DATA / "images").is_dir(), reason="PREROUND_TEST_DATA has no images")
@pytest.mark.parametrize("name", ["RG1_UNCR.dcm", "CT_small.dcm", "MR_small.dcm"])
async def test_films_of_others_come_back_as_they_are(archive_server: Orthanc, name: str) -> None:
    body = (DATA / "images" / name).read_bytes()
    archive_server.store(body)
    stored = read_file(body)
    header = stored.header
    async with Archive(archive_server.dicomweb) as archive:
        (said,) = await archive.headers(header.study)
        back = read_file(await archive.instance(said.study, said.series, said.instance))
    assert np.array_equal(frame_of(back), frame_of(stored))
    assert (said.view, said.modality, said.width) == (header.view, header.modality, header.width)
