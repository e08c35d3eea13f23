"""From a recording to a draft note in the queue: heard, put into a DocumentReference, and reviewed like any other."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from agents.models.audio import Audio
from agents.models.hearing import Hearer, Transcript
from chart.sensitive import in_text, sensitive_classes
from claims.author import Author
from claims.note import NoteKind, dictated_note
from graphs.node import RoundUnknown, run_of
from graphs.prepared import Prepared, PreparedEntry
from preround import VERSION
from preround.doing import rounds
from preround.failure import Missing, Unusable
from preround.wiring import House
from store.runs import Run
from tools.fhir.errors import FhirNotFound

TASK = "transcript"


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What is to become of a recording."""

    patient: str
    """The patient's id, with or without ``Patient/``."""
    kind: NoteKind = "progress"
    """What kind of note it is."""
    language: str = "en"
    """BCP 47 code of what is spoken."""
    encounter: str | None = None
    """The visit's id, with or without ``Encounter/``."""
    dictated: datetime | None = None
    """When it was dictated; now without it."""
    again: bool = False
    """Whether a recording that was written down before is written down anew."""


async def transcribe(
    house: House,
    hearer: Hearer,
    audio: Audio,
    order: Order,
    *,
    progress: Callable[[float], None] = lambda share: None,
) -> Run:
    """Write a recording down and open a round with the note, driven to its review.

    The same recording for the same patient, visit and kind, heard by the same model, is one round: a second call gives
    that one as it stands, and hears nothing again.

    Args:
        house: the running program.
        hearer: what hears.
        audio: the recording.
        order: what is to become of it.
        progress: told the share that was heard.

    Raises:
        Missing: there is no such patient or visit; nothing is heard.
        Unusable: the visit is another patient's, or the dictation lies in the future; nothing is heard.
        NothingHeard, WeightsUnusable, LibraryMissing: nothing could be written down; no round is opened.
        FhirUnreachable: no server.
    """
    patient_id = rounds.patient_id(order.patient)
    patient = f"Patient/{patient_id}"
    now = house.services.clock.now()
    if order.dictated is not None and order.dictated > now:
        raise Unusable("The dictation lies in the future; correct --dictated")
    dictated = order.dictated or now
    age = age_on(await rounds.known(house, patient_id), dictated.date())
    encounter = await _visit(house, order, patient)
    run_id = uuid.uuid4().hex[:16] if order.again else _run_id(audio, patient, encounter, order, hearer)
    if (before := _before(house, run_id)) is not None:
        return await house.runner.advance(before.run_id) if before.status == "running" else before
    heard = await _heard(hearer, audio, progress)
    sensitive = in_text(heard.text, sensitive_classes(house.services.site_tables), age=age)
    author = Author(
        device_name="Preround",
        version=VERSION,
        reasoner=hearer.name,
        model_name=heard.model[0],
        model_revision=heard.model[1],
        model_kind=None,
    )
    note = dictated_note(
        patient=patient,
        text=heard.text,
        kind=order.kind,
        dictated=dictated,
        author=author,
        recording_sha256=heard.audio_sha256,
        language=order.language,
        encounter=encounter,
    )
    prepared = _prepared(heard, note, author, patient, sensitive)
    return await rounds.open_prepared(house, prepared, run_id=run_id)


async def _heard(hearer: Hearer, audio: Audio, progress: Callable[[float], None]) -> Transcript:
    given_up = threading.Event()
    try:
        return await asyncio.to_thread(hearer.hear, audio, progress=progress, given_up=given_up)
    finally:
        # A thread cannot be cancelled; it looks at this before each part.
        given_up.set()


async def _visit(house: House, order: Order, patient: str) -> str | None:
    if order.encounter is None:
        return None
    visit = order.encounter.removeprefix("Encounter/")
    try:
        found = await house.services.client.read("Encounter", visit)
    except FhirNotFound as error:
        raise Missing("The FHIR server has no visit of that id; leave --encounter out, or correct it") from error
    if found.get("subject", {}).get("reference") != patient:
        raise Unusable("That visit is another patient's; correct --encounter")
    return f"Encounter/{visit}"


def _run_id(audio: Audio, patient: str, encounter: str | None, order: Order, hearer: Hearer) -> str:
    name, revision = hearer.model
    parts = (TASK, audio.sha256, patient, encounter or "", order.kind, order.language, name, revision or "")
    return uuid.uuid5(uuid.NAMESPACE_OID, "\n".join(parts)).hex[:16]


def _before(house: House, run_id: str) -> Run | None:
    try:
        return run_of(house.services, run_id)
    except RoundUnknown:
        return None


def _prepared(
    heard: Transcript, note: dict[str, Any], author: Author, patient: str, sensitive: tuple[str, ...]
) -> Prepared:
    page = [
        f"A recording of {_lasting(heard.seconds)}, written down by {heard.model[0]}; the recording is not kept.",
        "These are the words of the recording: nothing in them was checked against the chart. Listen and read before "
        "you sign; correct the words by editing the entry.",
    ]
    if sensitive:
        page.append(f"Words of a sensitive class are in it: {', '.join(sensitive)}.")
    entry = PreparedEntry(
        title=f"Dictated: {note['type']['coding'][0]['display']}",
        resource=note,
        labels=("sensitive",) if sensitive else (),
    )
    return Prepared(
        patient=patient,
        task=TASK,
        prepared_by="the transcript of a recording",
        author=author,
        entries=(entry,),
        page=tuple(page),
    )


def age_on(patient: Mapping[str, Any], day: date) -> int | None:
    """A Patient's age in whole years; ``None`` where the birth date does not say it."""
    try:
        born = date.fromisoformat(str(patient.get("birthDate")))
    except ValueError:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _lasting(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
