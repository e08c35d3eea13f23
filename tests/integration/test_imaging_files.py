"""Rounds of the pictures in the test data, from a real Orthanc: what the gate admits is read, the rest says why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from claims.seen import Look
from preround.doing import deciding, rounds
from preround.failure import Declined
from preround.imaging.looking import look
from review.queue import queue, show
from tests.conftest import DATA
from tests.integration.films import answer, finding, opened, order, room
from tests.integration.pictured import ID, bundle, patient_of, study_of
from tests.orthanc import Orthanc, orthanc
from tools.imaging.archive import Archive
from tools.imaging.dicom import read_file
from tools.imaging.errors import PictureNames, StudyGone, VolumeUnusable

FILES = DATA / "images"
pytestmark = pytest.mark.skipif(not FILES.is_dir(), reason="PREROUND_TEST_DATA has no images")


@pytest.fixture(scope="module")
def archive_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        yield server


def charted(body: bytes) -> bytes:
    """A chart whose patient and study the file names."""
    return bundle([patient_of(body), study_of(body)])


async def test_a_film_of_the_test_data_goes_from_the_archive_to_the_record(
    archive_server: Orthanc, tmp_path: Path
) -> None:
    body = (FILES / "RG1_UNCR.dcm").read_bytes()
    archive_server.store(body)
    here, chat = room(answer(finding()), archive=lambda: Archive(archive_server.dicomweb))
    async with opened(tmp_path, chart=charted(body)) as house:
        run = await look(house, here, order(patient=ID))
        found = Look.model_validate(rounds.result(house, run.run_id)["imaging"])
        assert (found.kind, found.day, found.compared) == ("chest film", read_file(body).header.taken[:10], "")
        assert found.study.startswith("ImagingStudy/study")
        assert chat.prompts[0].count("image/png") == 1
        item = rounds.item_of_run(house, run.run_id)
        sha = show(house.services.db, item).item.proposal_sha256
        done = await deciding.decide(house, item_id=item, person="Ada Nowak", verb="approve", proposal_sha256=sha)
        assert done["outcome"] == "approved"
        stored = await house.services.client.read(*done["receipts"][0]["reference"].split("/"))
        assert (stored["resourceType"], stored["status"]) == ("DiagnosticReport", "preliminary")
        assert stored["subject"]["reference"] == f"Patient/{ID}"


async def test_a_film_that_does_not_say_it_bears_no_name_stays_here(archive_server: Orthanc, tmp_path: Path) -> None:
    body = (FILES / "RG1_UNCR.dcm").read_bytes()
    archive_server.store(body)
    here, chat = room(where="another machine", archive=lambda: Archive(archive_server.dicomweb))
    async with opened(tmp_path, chart=charted(body)) as house:
        with pytest.raises(PictureNames):
            await look(house, here, order(patient=ID))
        assert (chat.prompts, queue(house.services.db)) == ([], ())


REFUSED: list[tuple[str, type[Exception], str]] = [
    ("CT_small.dcm", VolumeUnusable, "no stack of slices"),
    ("MR_small.dcm", Declined, "derived from others"),
    ("bad_sequence.dcm", StudyGone, "no longer has this"),
]
"""A single slice; a picture made of others; and a study whose UID is none, for which no archive can be asked."""


@pytest.mark.parametrize(("name", "kind", "words"), REFUSED)
async def test_what_cannot_be_read_is_said_and_no_model_is_asked(
    archive_server: Orthanc, tmp_path: Path, name: str, kind: type[Exception], words: str
) -> None:
    body = (FILES / name).read_bytes()
    archive_server.store(body)
    here, chat = room(archive=lambda: Archive(archive_server.dicomweb))
    async with opened(tmp_path, chart=charted(body)) as house:
        with pytest.raises(kind, match=words):
            await look(house, here, order(patient=ID))
        assert (chat.prompts, queue(house.services.db)) == ([], ())


async def test_half_a_slice_is_not_taken_by_the_archive_nor_by_hand(archive_server: Orthanc, tmp_path: Path) -> None:
    body = (FILES / "MR_truncated.dcm").read_bytes()
    archive_server.forget(read_file(body).header.study)
    with pytest.raises(AssertionError):
        archive_server.store(body)
    here, chat = room(archive=lambda: Archive(archive_server.dicomweb))
    async with opened(tmp_path, chart=charted(body)) as house:
        with pytest.raises(StudyGone):
            await look(house, here, order(patient=ID))
        file = FILES / "MR_truncated.dcm"
        with pytest.raises(Declined, match="derived from others"):
            await look(house, here, order(patient=ID, file=file))
        assert (chat.prompts, queue(house.services.db)) == ([], ())
