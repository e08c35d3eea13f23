"""Pictures that say nothing of themselves: what a person says of them counts, and what they are compared with."""

from __future__ import annotations

from pathlib import Path

import pytest

from claims.seen import Look
from preround.doing import rounds
from preround.failure import Unusable
from preround.imaging.looking import look
from preround.imaging.supplied import by_hand
from review.queue import queue
from tests.integration.films import answer, files, finding, opened, order, room
from tests.integration.pictured import ID, attachment
from tests.integration.test_imaging_attached import DICOM, FILM, PNG, chart, document, media, raster


async def test_a_png_by_hand_is_read_as_what_a_person_says_of_it(tmp_path: Path) -> None:
    png = tmp_path / "film.png"
    png.write_bytes(raster("PNG"))
    said = by_hand(modality="x-ray", body_part="chest", view="PA", taken="2026-03-20")
    lateral = by_hand(modality="x-ray", body_part="chest", view="lateral", taken="2026-03-20")
    here, chat = room(answer(finding()), answer())
    async with opened(tmp_path, chart=chart()) as house:
        run = await look(house, here, order(patient=ID, file=png, said=said))
        assert (await look(house, here, order(patient=ID, file=png, said=said))).run_id == run.run_id
        other = await look(house, here, order(patient=ID, file=png, said=lateral))
        found = Look.model_validate(rounds.result(house, run.run_id)["imaging"])
    assert other.run_id != run.run_id, "taken for something else, it is another reading"
    assert len(chat.prompts) == 2
    assert (found.kind, found.day) == ("chest film", "2026-03-20")
    assert "By whoever asked, not by the picture itself: modality RG, body part chest, view PA, day 2026-03-20." in (
        found.notes
    )


async def test_a_person_adds_to_what_the_chart_says_and_never_overrules_it(tmp_path: Path) -> None:
    here, chat = room(answer(finding()))
    filed = document(attachment(raster("PNG"), PNG), type={"text": "Chest x-ray"})
    async with opened(tmp_path, chart=chart(filed)) as house:
        for words in ({"body_part": "hand"}, {"modality": "CT"}, {"taken": "2026-03-19"}):
            with pytest.raises(Unusable, match="leave --"):
                await look(house, here, order("DocumentReference/d", patient=ID, said=by_hand(view="PA", **words)))
        assert (chat.prompts, queue(house.services.db)) == ([], ())
        run = await look(house, here, order("DocumentReference/d", patient=ID, said=by_hand(view="PA")))
        found = Look.model_validate(rounds.result(house, run.run_id)["imaging"])
    assert [one for one in found.notes if one.startswith("By ")] == [
        "By DocumentReference/d, not by the picture itself: modality RG, body part chest, day 2026-03-20.",
        "By whoever asked, not by the picture itself: view PA.",
    ]


async def test_what_is_said_by_hand_is_said_of_one_picture(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    for n, body in enumerate(files(0, 2)):
        (folder / f"{n}.dcm").write_bytes(body)
    here, chat = room()
    async with opened(tmp_path) as house:
        with pytest.raises(Unusable, match="of one picture"):
            await look(house, here, order(file=folder, said=by_hand(view="PA")))
        with pytest.raises(Unusable, match="leave --view out"):
            await look(house, here, order(file=folder / "0.dcm", said=by_hand(view="AP")))
    assert chat.prompts == []


async def test_an_attached_picture_is_compared_with_the_last_one_attached_before(tmp_path: Path) -> None:
    old, last, side = (
        media(attachment(raster("PNG"), PNG), id=name, createdDateTime=day, view={"text": view})
        for name, day, view in (("a", "2025-11-01", "PA"), ("b", "2026-02-01", "PA"), ("c", "2026-03-01", "lateral"))
    )
    now = media(attachment(raster("JPEG"), "image/jpeg"))
    here, chat = room(answer(finding(change="same")))
    async with opened(tmp_path, chart=chart(old, last, side, now)) as house:
        run = await look(house, here, order("Media/m", patient=ID))
        found = Look.model_validate(rounds.result(house, run.run_id)["imaging"])
    assert chat.prompts[0].count("image/png") == 2
    assert found.compared == "Compared with 2026-02-01, 47 days before. What it is of is taken from Media/b."
    assert [(one.time, one.day) for one in found.pictures] == [("earlier", "2026-02-01"), ("current", "2026-03-20")]


async def test_a_picture_before_that_says_otherwise_of_itself_is_not_compared(tmp_path: Path) -> None:
    """The chart calls it a PA of February; its own header says when it was taken, and that is later."""
    before = media(attachment(FILM, DICOM), id="b", createdDateTime="2025-12-01")
    now = media(attachment(raster("PNG"), PNG), createdDateTime="2026-01-01")
    here, _ = room(answer(finding()))
    async with opened(tmp_path, chart=chart(before, now)) as house:
        run = await look(house, here, order("Media/m", patient=ID))
        found = Look.model_validate(rounds.result(house, run.run_id)["imaging"])
    assert found.compared == ""
    assert any("It says otherwise of itself than the chart does" in one for one in found.notes)
