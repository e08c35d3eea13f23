"""A round of a whole slide: its patches with tissue from a folder or the archive, as many as fit into the context."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.seeing.seer import TooManyPictures
from claims.seen import Look
from preround.doing import rounds
from preround.imaging.looking import look
from preround.imaging.room import Room
from review.queue import queue
from tests.dicomweb import Shelf
from tests.integration.films import answer, opened, order, room
from tests.integration.pictured import ID, bundle, patient_of, study_of
from tests.unit.imaging.slides import glass, slide
from tools.imaging.dicom import read_file
from tools.imaging.errors import OthersPicture, PictureNames

SEEN = {
    "finding": "glandular tissue",
    "state": "present",
    "side": "none",
    "box_2d": [100, 100, 300, 300],
    "words": "pink",
}


def drawn(folder: Path, **said: Any) -> list[Path]:
    """A slide of three by two patches at its finest, four of them with tissue; half of that at the next."""
    folder.mkdir()
    pixels = glass(2600, 1700, [(450, 450, 300), (1350, 450, 300), (450, 1300, 300), (2200, 1300, 300)])
    return slide(folder, pixels, **said)


def chart(files: list[Path]) -> bytes:
    body = files[0].read_bytes()
    return bundle([patient_of(body), study_of(body)])


def within(here: Room, pictures: int) -> Room:
    """The room with a context in which so many pictures fit beside the prompt."""
    asker, each = here.seer.asker, here.seer.image_tokens + 8
    asker.room = 100 * each
    prompt = 100 * each - (here.seer.most("whole slide", "slide") or 0) * each
    asker.room = prompt + pictures * each
    assert here.seer.most("whole slide", "slide") == pictures
    return here


async def test_a_slide_of_a_folder_is_read_patch_by_patch(tmp_path: Path) -> None:
    files = drawn(tmp_path / "slide")
    here, chat = room(answer({**SEEN, "picture": 6}))
    async with opened(tmp_path, chart=chart(files)) as house:
        run = await look(house, here, order(patient=ID, file=tmp_path / "slide"))
        found = Look.model_validate(rounds.result(house, run.run_id)["imaging"])
    assert chat.prompts[0].count("image/png") == 4
    assert (found.kind, found.findings[0].picture) == ("whole slide", 4)
    assert found.notes[0] == ("4 of the slide's 4 patches with tissue were looked at, at 0.50 micrometres a pixel.")
    assert "from column 1792 and row 896" in found.pictures[3].made


@pytest.mark.parametrize(("fit", "words"), [(2, "2 of the slide's 4 patches"), (1, "1 of the slide's 4 patches")])
async def test_no_more_patches_than_fit_and_the_page_says_so(tmp_path: Path, fit: int, words: str) -> None:
    files = drawn(
        tmp_path / "slide",
    )[:1]
    here, chat = room(answer({**SEEN, "picture": 1}))
    async with opened(tmp_path, chart=chart(files)) as house:
        run = await look(house, within(here, fit), order(patient=ID, file=files[0]))
        found = Look.model_validate(rounds.result(house, run.run_id)["imaging"])
    assert chat.prompts[0].count("image/png") == fit
    assert words in found.notes[0]


async def test_a_context_without_room_for_a_patch_is_said(tmp_path: Path) -> None:
    files = drawn(tmp_path / "slide")
    here, chat = room()
    async with opened(tmp_path, chart=chart(files)) as house:
        with pytest.raises(TooManyPictures):
            await look(house, within(here, 0), order(patient=ID, file=files[0]))
        assert (chat.prompts, queue(house.services.db)) == ([], ())


async def test_a_slide_of_the_archive_is_fetched_by_frames_without_its_label_and_never_on_disk(tmp_path: Path) -> None:
    files = drawn(tmp_path / "slide")
    shelf = Shelf(files=[one.read_bytes() for one in files])
    here, chat = room(answer({**SEEN, "picture": 1}), shelf=shelf)
    async with opened(tmp_path, chart=chart(files)) as house:
        run = await look(house, here, order(patient=ID))
        found = Look.model_validate(rounds.result(house, run.run_id)["imaging"])
        assert not [one for one in house.settings.home.rglob("*") if one.suffix == ".dcm" or "slide" in one.name]
    assert chat.prompts[0].count("image/png") == 4
    assert found.study.startswith("ImagingStudy/study")
    fetched = [one for one in shelf.asked if "/instances/" in one]
    assert fetched
    assert all("/frames/" in one for one in fetched)
    label = read_file(files[-1].read_bytes()).header.instance
    assert not [one for one in fetched if label in one]


async def test_anothers_slide_and_one_with_names_reach_no_model(tmp_path: Path) -> None:
    files, other = drawn(tmp_path / "slide", BurnedInAnnotation="YES"), drawn(tmp_path / "other", PatientID="FILM-2")
    here, chat = room(where="another machine")
    async with opened(tmp_path, chart=chart(files)) as house:
        with pytest.raises(PictureNames):
            await look(house, here, order(patient=ID, file=tmp_path / "slide"))
        with pytest.raises(OthersPicture):
            await look(house, here, order(patient=ID, file=other[0]))
        assert (chat.prompts, queue(house.services.db)) == ([], ())
