"""A whole slide in a real Orthanc: stored by STOW, its metadata read, its patches fetched by frames, JPEG and plain."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

from claims.seen import Look
from preround.doing import rounds
from preround.imaging.looking import look
from preround.imaging.source import FromArchive
from tests.integration.films import answer, opened, order, room
from tests.integration.pictured import ID, bundle, patient_of, study_of
from tests.orthanc import Orthanc, orthanc
from tests.unit.imaging.pictures import OWNER, written
from tests.unit.imaging.slides import TILE, glass, slide
from tools.imaging.archive import Archive
from tools.imaging.errors import FrameMissing, PictureLarge, SlideUnusable
from tools.imaging.header import Header
from tools.imaging.patch import Patch
from tools.imaging.picture import Picture
from tools.imaging.tiles import Tiles, syntax_of

PIXELS = glass(1400, 1000, [(450, 450, 300), (1150, 700, 200)])


@pytest.fixture(scope="module")
def archive_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        yield server


def packed(file: bytes) -> bytes:
    """The same magnification with each tile as a JPEG, as scanners write them."""
    made: Dataset = dcmread(io.BytesIO(file))
    tiles = np.frombuffer(made.PixelData, np.uint8).reshape(-1, TILE, TILE, 3)
    streams = []
    for tile in tiles:
        held = io.BytesIO()
        Image.fromarray(tile).save(held, "JPEG", quality=95, subsampling=0)
        streams.append(held.getvalue() + b"\0" * (len(held.getvalue()) % 2))
    made.PixelData = encapsulate(streams)
    made["PixelData"].VR = "OB"
    made.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    made.PhotometricInterpretation = "YBR_FULL_422"
    made.LossyImageCompression = "01"
    return written(made)


def stored(server: Orthanc, folder: Path, *, jpeg: bool = False) -> list[bytes]:
    """The slide's files, which the archive has now."""
    files = [one.read_bytes() for one in slide(folder, PIXELS)]
    server.forget(str(dcmread(io.BytesIO(files[0])).StudyInstanceUID))
    server.store(*([packed(one) for one in files] if jpeg else files))
    return files


async def patches(server: Orthanc, file: bytes, most: int = 20) -> tuple[list[tuple[Patch, Picture]], int]:
    """What is read of a slide, and how many bytes came over the wire."""
    known = dcmread(io.BytesIO(file), stop_before_pixels=True)
    async with Archive(server.dicomweb) as archive:
        headers = await archive.headers(str(known.StudyInstanceUID))
        OWNER.admit_all(headers)
        volume = [one for one in headers if "VOLUME" in one.kind]
        read = await FromArchive(archive=archive).slide(volume, OWNER, most)
        return await asyncio.to_thread(lambda: list(read())), archive.received


@pytest.mark.parametrize("jpeg", [False, True])
async def test_each_patch_is_the_slide_at_that_place(archive_server: Orthanc, tmp_path: Path, jpeg: bool) -> None:
    files = stored(archive_server, tmp_path, jpeg=jpeg)
    found, received = await patches(archive_server, files[0])
    assert {patch.number for patch, _ in found} == {1, 2}
    for patch, picture in found:
        there = PIXELS[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
        off = np.abs(picture.pixels.astype(int) - there)
        assert off.max() == 0 if not jpeg else off.mean() < 2
        assert patch.microns == 0.5
    assert received < (PIXELS.nbytes * 1.6 if not jpeg else PIXELS.nbytes / 4)


async def test_a_round_of_a_slide_from_the_archive(archive_server: Orthanc, tmp_path: Path) -> None:
    files = stored(archive_server, tmp_path)
    seen = {"finding": "glandular tissue", "state": "present", "side": "none", "box_2d": [], "words": "pink"}
    here, chat = room(answer({**seen, "picture": 1}), archive=lambda: Archive(archive_server.dicomweb))
    async with opened(tmp_path, chart=bundle([patient_of(files[0]), study_of(files[0])])) as house:
        run = await look(house, here, order(patient=ID))
        found = Look.model_validate(rounds.result(house, run.run_id)["imaging"])
    assert chat.prompts[0].count("image/png") == 2
    assert (found.kind, found.findings[0].finding) == ("whole slide", "glandular tissue")


async def test_what_an_archive_does_not_give_has_a_name(
    archive_server: Orthanc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = stored(archive_server, tmp_path)
    monkeypatch.setattr("tools.imaging.tiles.MOST_BYTES", 200_000)
    with pytest.raises(PictureLarge):
        await patches(archive_server, files[0])
    known: Any = dcmread(io.BytesIO(files[0]), stop_before_pixels=True)
    uids = (str(known.StudyInstanceUID), str(known.SeriesInstanceUID), str(known.SOPInstanceUID))
    async with Archive(archive_server.dicomweb) as archive:
        with pytest.raises(FrameMissing):
            await archive.frame(*uids, 4000)
        two = await archive.frames(*uids, (3, 2))
        assert [body for _, body in two] == [(await archive.frame(*uids, n))[1] for n in (3, 2)]
        with pytest.raises(SlideUnusable):
            Tiles(archive, [Header()], {}).get_instance("1.2", "1.3", "1.4")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "syntax"),
    [
        ("image/jpeg", JPEGBaseline8Bit),
        ("image/jp2; transfer-syntax=1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.91"),
        ("", "1.2.840.10008.1.2.1"),
        ("video/mp4", None),
    ],
)
def test_how_a_frame_is_packed_is_said_by_its_media_type(kind: str, syntax: str | None) -> None:
    assert syntax_of(kind) == syntax
