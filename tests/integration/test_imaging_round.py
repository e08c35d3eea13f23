"""A round of pictures: chosen, fetched, looked at, held beside the report and the film before, signed and written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.diagnosticreport import DiagnosticReport

from agents.models.reply import ModelFailed
from claims.seen import Look
from fhir_fixtures.film import uid
from preround.doing import deciding, rounds
from preround.failure import Declined, Missing, Unusable
from preround.imaging.door import OFF, ON, read_pictures
from preround.imaging.looking import look
from preround.wiring import House
from review.queue import queue, show
from tests.conftest import DATA
from tests.dicomweb import Shelf
from tests.integration.films import CT, CURRENT, EARLIER, PATIENT, STORY, answer, files, finding, opened, order, room
from tests.unit.imaging.pictures import film
from tests.visiting import visiting
from tools.imaging.errors import ArchiveRefused, ImagingError, OthersPicture, PictureNames, StudyGone

CURRENT_UID, EARLIER_UID = (uid(STORY.story, one, "study") for one in (CURRENT, EARLIER))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as found:
        yield found


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(files=list(files(0, 2)))


def looked(house: House, run_id: str) -> Look:
    return Look.model_validate(rounds.result(house, run_id)["imaging"])


async def test_the_newest_film_is_read_beside_the_one_before_and_written_once(house: House, shelf: Shelf) -> None:
    said = answer(
        finding(finding="opacity", change="better", box_2d=[500, 150, 700, 400]),
        finding(state="absent", change="resolved", box_2d=[], words="angle is sharp"),
    )
    here, chat = room(said, shelf=shelf)
    run = await look(house, here, order())
    found = looked(house, run.run_id)
    assert [(one.time, one.day) for one in found.pictures] == [("earlier", "2026-03-02"), ("current", "2026-03-30")]
    assert "Compared with 2026-03-02, 28 days before" in found.compared
    assert [(one.finding, one.change, one.reported) for one in found.findings] == [
        ("opacity", "better", None),
        ("pleural effusion", "resolved", None),
    ]
    assert chat.prompts[0].count("image/png") == 2

    item = rounds.item_of_run(house, run.run_id)
    entry = show(house.services.db, item).proposal.entries[0]
    assert entry.tier >= 3
    assert DiagnosticReport.model_validate(entry.resource).status == "preliminary"
    again, unasked = room(shelf=shelf)
    assert (await look(house, again, order())).run_id == run.run_id
    assert unasked.prompts == []

    done = await approved(house, item)
    stored = await house.services.client.read(*done["receipts"][0]["reference"].split("/"))
    assert stored["status"] == "preliminary"
    assert "Right opacity (better)" in stored["conclusion"]
    assert stored["meta"]["security"][0]["code"] == "AIAST"
    study = await house.services.client.read(*stored["imagingStudy"][0]["reference"].split("/"))
    assert study["identifier"][0]["value"] == f"urn:oid:{CURRENT_UID}"


async def approved(house: House, item: str) -> dict[str, Any]:
    people = ("Ada Nowak", "Ben Ito", "Cleo Marsh")
    for person in people:
        sha = show(house.services.db, item).item.proposal_sha256
        done = await deciding.decide(house, item_id=item, person=person, verb="approve", proposal_sha256=sha)
        if done["outcome"] == "approved":
            return done
    raise AssertionError(done)


async def test_a_reported_film_is_held_beside_its_report(house: House, shelf: Shelf) -> None:
    said = answer(
        finding(),
        finding(finding="pneumothorax", side="left", box_2d=[]),
        finding(finding="enlarged heart", side="none", state="uncertain", box_2d=[]),
        finding(finding="fracture", side="left", box_2d=[]),
    )
    here, _ = room(said, shelf=shelf)
    run = await look(house, here, order(EARLIER_UID))
    found = looked(house, run.run_id)
    verdicts = {one.finding: one.reported.verdict for one in found.findings if one.reported}
    assert verdicts == {
        "pleural effusion": "agrees",
        "pneumothorax": "contradicts",
        "enlarged heart": "partly",
        "fracture": "not mentioned",
    }
    assert found.report is not None
    assert found.report.only_here == ("Opacity in the right lower zone, in keeping with pneumonia.",)
    assert found.compared == ""
    item = show(house.services.db, rounds.item_of_run(house, run.run_id))
    assert "1 against the report" in item.proposal.entries[0].title
    assert found.report.reference in item.proposal.based_on


async def test_a_program_s_own_reading_is_no_report_to_agree_with(house: House, shelf: Shelf) -> None:
    said = answer(finding(change="same"))
    run = await look(house, room(said, shelf=shelf)[0], order())
    await approved(house, rounds.item_of_run(house, run.run_id))
    later = await look(house, room(said, shelf=shelf)[0], replace(order(), again=True))
    assert looked(house, later.run_id).report is None


async def test_a_volume_goes_slice_by_slice(house: House) -> None:
    shelf = Shelf(files=list(files(1)))
    nodule = {**finding(finding="nodule", side="left"), "picture": 100}
    here, chat = room(answer(nodule), shelf=shelf)
    found = looked(house, (await look(house, here, order(uid(STORY.story, CT, "study")))).run_id)
    assert chat.prompts[0].count("image/png") == 85
    assert found.findings[0].picture == 85
    assert found.findings[0].reported is not None
    assert found.findings[0].reported.verdict == "agrees"
    assert [one.number for one in found.pictures if one.kept] == [43, 85]
    assert any("85 of 100 slices" in one for one in found.notes)


FAULTS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"answers": {"/metadata": 404}}, StudyGone, "no longer has"),
    ({"answers": {"/metadata": 403}}, ArchiveRefused, "credentials"),
    ({"files": []}, StudyGone, "no longer has"),
]


@pytest.mark.parametrize(("given", "kind", "words"), FAULTS)
async def test_a_study_that_cannot_be_had_is_one_sentence_and_nothing_is_sent(
    house: House, given: dict[str, Any], kind: type[ImagingError], words: str
) -> None:
    here, chat = room(answer(), shelf=Shelf(**{"files": list(files(2)), **given}))
    with pytest.raises(kind, match=words):
        await look(house, here, order())
    assert (chat.prompts, queue(house.services.db)) == ([], ())


@pytest.mark.parametrize("change", [{"PatientID": "FX-0001"}, {"PatientBirthDate": "19800101"}])
async def test_another_patients_picture_is_not_even_fetched(house: House, change: dict[str, str]) -> None:
    shelf = Shelf(
        files=[film(StudyInstanceUID=CURRENT_UID, **{"PatientID": "FX-0008", "PatientBirthDate": "19580719", **change})]
    )
    here, chat = room(answer(), shelf=shelf)
    with pytest.raises(OthersPicture):
        await look(house, here, order())
    assert not any("instances" in one for one in shelf.asked)
    assert chat.prompts == []


async def test_names_in_a_picture_keep_it_from_another_machine(house: House) -> None:
    mine = {"PatientID": "FX-0008", "PatientBirthDate": "19580719", "StudyInstanceUID": CURRENT_UID}
    shelf = Shelf(files=[film(BurnedInAnnotation=None, **mine)])
    here, chat = room(answer(), shelf=shelf, where="another machine")
    with pytest.raises(PictureNames):
        await look(house, here, order())
    assert chat.prompts == []


async def test_what_the_model_was_not_trained_for_is_said_and_not_asked(house: House) -> None:
    mine = {"PatientID": "FX-0008", "PatientBirthDate": "19580719", "StudyInstanceUID": CURRENT_UID}
    here, chat = room(answer(), shelf=Shelf(files=[film(BodyPartExamined="HAND", **mine)]))
    with pytest.raises(Declined, match="Out of scope"):
        await look(house, here, order())
    assert chat.prompts == []


async def test_a_film_before_that_is_gone_is_a_note_and_not_the_end(house: House) -> None:
    shelf = Shelf(files=list(files(0, 2)), answers={f"{EARLIER_UID}/metadata": 404})
    here, _ = room(answer(finding()), shelf=shelf)
    found = looked(house, (await look(house, here, order())).run_id)
    assert found.compared == ""
    assert any("no longer has" in one for one in found.notes)


async def test_a_file_of_this_machine_is_held_to_the_patient(house: House, tmp_path: Path) -> None:
    file = tmp_path / "film.dcm"
    file.write_bytes(files(2)[0])
    here, _ = room(answer(finding()))
    found = looked(house, (await look(house, here, order(file=file))).run_id)
    assert (found.uid, found.study) == (CURRENT_UID, "")
    file.write_bytes(film())
    with pytest.raises(OthersPicture):
        await look(house, room(answer())[0], order(file=file))


async def test_what_is_asked_wrongly_is_said(house: House, shelf: Shelf) -> None:
    with pytest.raises(Missing, match="no such imaging study"):
        await look(house, room(shelf=shelf)[0], order("1.2.3"))
    with pytest.raises(Unusable, match="archive under"):
        await look(house, room()[0], order())
    with pytest.raises(ModelFailed):
        await look(house, room("no", "no", shelf=shelf)[0], order())
    assert queue(house.services.db) == ()


async def test_it_is_off_until_the_site_says_otherwise(tmp_path: Path) -> None:
    async with opened(tmp_path, enabled=False) as house:
        with pytest.raises(Unusable) as refused:
            await read_pictures(house, order())
        assert str(refused.value) == OFF


async def test_the_page_shows_both_films_their_boxes_and_the_report(house: House, shelf: Shelf) -> None:
    run = await look(house, room(answer(finding(change="same")), shelf=shelf)[0], order())
    item = rounds.item_of_run(house, run.run_id)
    async with visiting(house) as web:
        page = await web.get(f"/items/{item}")
        queue_page = await web.get("/")
        png = await web.get(f"/items/{item}/pictures/2")
        none = await web.get(f"/items/{item}/pictures/9")
    assert page.headers["content-security-policy"].endswith("; script-src 'self'; connect-src 'self'")
    assert queue_page.headers["content-security-policy"] == page.headers["content-security-policy"]
    assert all(ON in one.text for one in (page, queue_page))
    assert page.text.count('<svg viewBox="0 0 896 896"') == 2
    assert "Boxes: 1, Right pleural effusion (same), in the" in page.text
    assert png.content.startswith(b"\x89PNG")
    assert png.headers["cache-control"] == "no-store"
    assert none.status_code == 404
    assert PATIENT.removeprefix("Patient/") not in png.headers.get("content-disposition", "")


@pytest.mark.skipif(not (DATA / "images").is_dir(), reason="test data `images` is not here (PREROUND_TEST_DATA)")
@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm",
        "MR_small.dcm",
        "MR_truncated.dcm",
        "RG1_UNCR.dcm",
        "bad_sequence.dcm",
        "Chest_Xray_PA_3-8-2010.png",
        "retina.jpg",
    ],
)
async def test_others_pictures_and_files_that_say_nothing_reach_no_model(house: House, name: str) -> None:
    here, chat = room()
    with pytest.raises((ImagingError, Declined)):
        await look(house, here, order(file=DATA / "images" / name))
    assert (chat.prompts, queue(house.services.db)) == ([], ())
