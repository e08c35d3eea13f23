"""Rounds of pictures that a chart holds or points at, and of files by hand: PNG, JPEG and DICOM."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from claims.seen import Look
from preround.doing import deciding, rounds
from preround.failure import Declined
from preround.imaging.looking import look
from review.queue import queue, show
from tests.integration.films import answer, finding, opened, order, room
from tests.integration.pictured import ID, SUBJECT, attachment, bundle, patient_of
from tests.unit.imaging.pictures import film
from tools.imaging.dicom import read_file
from tools.imaging.errors import OthersPicture, PictureBroken, PictureNames
from tools.imaging.reading import seen

DAY = "2026-03-20"
FILM = film()
CHEST = {
    "modality": {"coding": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "DX"}]},
    "bodySite": {"text": "Chest"},
    "view": {"text": "PA"},
}


def raster(kind: str) -> bytes:
    """The film as a PNG or JPEG."""
    made = io.BytesIO()
    Image.fromarray(seen(read_file(FILM)).pixels).save(made, kind)
    return made.getvalue()


def media(given: dict[str, Any], **said: Any) -> dict[str, Any]:
    found = {"resourceType": "Media", "id": "m", "status": "completed", "subject": SUBJECT, "createdDateTime": DAY}
    return {**found, **CHEST, "content": given, **said}


def document(given: dict[str, Any], **said: Any) -> dict[str, Any]:
    found = {"resourceType": "DocumentReference", "id": "d", "status": "current", "subject": SUBJECT}
    return {**found, "date": f"{DAY}T08:00:00Z", "content": [{"attachment": given}], **said}


def report(given: dict[str, Any], **said: Any) -> dict[str, Any]:
    found = {"resourceType": "DiagnosticReport", "id": "r", "status": "final", "subject": SUBJECT}
    return {**found, "code": {"text": "Chest film"}, "effectiveDateTime": DAY, "presentedForm": [given], **said}


def binary(body: bytes, kind: str) -> dict[str, Any]:
    data = base64.b64encode(body).decode()
    return {"resourceType": "Binary", "id": "b", "contentType": kind, "securityContext": SUBJECT, "data": data}


def pointer(kind: str) -> dict[str, Any]:
    return {"contentType": kind, "url": "Binary/b"}


def chart(*resources: dict[str, Any]) -> bytes:
    return bundle([patient_of(FILM), *resources])


LOINC = {"system": "http://loinc.org", "code": "24648-8", "display": "XR Chest PA upr"}
DCM = "http://dicom.nema.org/resources/ontology/DCM"
SNOMED = "http://snomed.info/sct"
EVENTS = {"event": [{"coding": [{"system": DCM, "code": "CR"}]}, {"coding": [{"system": SNOMED, "code": "51185008"}]}]}
"""How exchanges of documents say it: modality and region beside the document's type (IHE XDS-I)."""
RADIOGRAPH = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RX"}]}]
DICOM, PNG, JPEG = "application/dicom", "image/png", "image/jpeg"
READ: list[tuple[str, list[dict[str, Any]]]] = [
    ("Media/m", [media(attachment(raster("PNG"), PNG))]),
    ("Media/m", [media(attachment(raster("JPEG"), JPEG))]),
    ("Media/m", [media(pointer(PNG)), binary(raster("PNG"), PNG)]),
    ("Media/m", [media(pointer(JPEG)), binary(raster("JPEG"), JPEG)]),
    ("Media/m", [media(attachment(FILM, DICOM))]),
    ("DocumentReference/d", [document(attachment(FILM, DICOM))]),
    ("DocumentReference/d", [document(pointer(DICOM)), binary(FILM, DICOM)]),
    ("DiagnosticReport/r", [report(attachment(FILM, DICOM))]),
    ("DiagnosticReport/r", [report(pointer(DICOM)), binary(FILM, DICOM)]),
    ("DocumentReference/d", [document(attachment(raster("PNG"), PNG), type={"text": "Chest X-ray, PA"})]),
    ("DocumentReference/d", [document(pointer(JPEG), context=EVENTS, description="AP"), binary(raster("JPEG"), JPEG)]),
    ("DiagnosticReport/r", [report(attachment(raster("PNG"), PNG), code={"coding": [LOINC]})]),
    (
        "DiagnosticReport/r",
        [report({**attachment(raster("JPEG"), JPEG), "title": "frontal view"}, category=RADIOGRAPH)],
    ),
]


@pytest.mark.parametrize(("reference", "resources"), READ)
async def test_an_attached_picture_is_read_and_signed(
    tmp_path: Path, reference: str, resources: list[dict[str, Any]]
) -> None:
    here, chat = room(answer(finding()))
    async with opened(tmp_path, chart=chart(*resources)) as house:
        run = await look(house, here, order(patient=ID))
        assert (await look(house, here, order(reference, patient=ID))).run_id == run.run_id
        found = Look.model_validate(rounds.result(house, run.run_id)["imaging"])
        assert (found.kind, found.study, len(found.pictures)) == ("chest film", "", 1)
        assert chat.prompts[0].count("image/png") == 1
        assert "image/jpeg" not in chat.prompts[0]
        item = rounds.item_of_run(house, run.run_id)
        sha = show(house.services.db, item).item.proposal_sha256
        done = await deciding.decide(house, item_id=item, person="Ada Nowak", verb="approve", proposal_sha256=sha)
        stored = await house.services.client.read(*done["receipts"][0]["reference"].split("/"))
        assert (stored["resourceType"], stored["status"]) == ("DiagnosticReport", "preliminary")


OTHERS = film(PatientID="FILM-2")
REFUSED: list[tuple[list[dict[str, Any]], type[Exception], str]] = [
    ([document(attachment(raster("PNG"), PNG))], Declined, "does not say how it was made"),
    ([document(attachment(raster("PNG"), PNG))], Declined, "say what you know of it with --modality, --body-part"),
    ([report(attachment(raster("JPEG"), JPEG))], Declined, "a view that is not said .* say what you know of it with"),
    ([media(attachment(raster("PNG"), PNG), view={"text": "tangential"})], Declined, "the view other of this"),
    (
        [document(attachment(raster("PNG"), PNG), type={"text": "Chest x-ray PA and lateral"})],
        Declined,
        "a view that is",
    ),
    ([media(attachment(raster("PNG"), PNG), modality={"text": "CT"})], Declined, "One picture is no CT volume"),
    ([media(attachment(raster("PNG"), PNG), bodySite={"text": "Hand"})], Declined, "Hand is not among"),
    ([media(attachment(raster("PNG")[:2000], PNG))], PictureBroken, "damaged"),
    ([media(attachment(OTHERS, DICOM))], OthersPicture, "another patient"),
    ([document(pointer(DICOM)), binary(OTHERS, DICOM)], OthersPicture, "another patient"),
]


@pytest.mark.parametrize(("resources", "kind", "words"), REFUSED)
async def test_what_is_attached_and_cannot_be_read_is_said(
    tmp_path: Path, resources: list[dict[str, Any]], kind: type[Exception], words: str
) -> None:
    here, chat = room()
    async with opened(tmp_path, chart=chart(*resources)) as house:
        with pytest.raises(kind, match=words):
            await look(house, here, order(patient=ID))
        assert (chat.prompts, queue(house.services.db)) == ([], ())


async def test_an_attached_png_says_nothing_of_names_and_goes_to_no_other_machine(tmp_path: Path) -> None:
    here, chat = room(where="another machine")
    async with opened(tmp_path, chart=chart(media(attachment(raster("PNG"), PNG)))) as house:
        with pytest.raises(PictureNames):
            await look(house, here, order(patient=ID))
        assert chat.prompts == []


async def test_a_file_by_hand_is_read_where_it_says_what_it_is(tmp_path: Path) -> None:
    dicom, png = tmp_path / "film.dcm", tmp_path / "film.png"
    dicom.write_bytes(FILM)
    png.write_bytes(raster("PNG"))
    here, chat = room(answer(finding()))
    async with opened(tmp_path, chart=chart()) as house:
        with pytest.raises(Declined, match="does not say how it was made"):
            await look(house, here, order(patient=ID, file=png))
        assert chat.prompts == []
        run = await look(house, here, order(patient=ID, file=dicom))
        assert Look.model_validate(rounds.result(house, run.run_id)["imaging"]).kind == "chest film"
