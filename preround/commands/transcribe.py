"""`preround transcribe`: a recording, written down as a draft note that waits for its signature."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from agents.models.audio import Audio, read_audio
from claims.note import NoteKind, words_of
from preround.commands.run import show_result
from preround.doing import rounds
from preround.doing.transcribing import Order
from preround.doing.transcribing import transcribe as transcribed
from preround.door import Fhir, Json, enter, err, out, write_json
from preround.failure import UNREACHABLE, Unusable
from preround.shown.instant import instant
from preround.speech import hearer_of
from preround.wiring import House
from review.queue import show

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_MOST_BYTES = 1_000_000_000


def transcribe(
    audio: Annotated[Path, typer.Argument(help="The recording: WAV, FLAC, OGG or MP3, an hour at most.")],
    patient: Annotated[str, typer.Option("--patient", metavar="ID", help="Whose note it is.")],
    encounter: Annotated[str | None, typer.Option("--encounter", metavar="ID", help="The visit it belongs to.")] = None,
    kind: Annotated[NoteKind, typer.Option("--kind", help="What kind of note it is.")] = "progress",
    language: Annotated[str, typer.Option("--language", metavar="CODE", help="What is spoken, such as en-GB.")] = "en",
    dictated: Annotated[
        str | None, typer.Option("--dictated", metavar="DATETIME", help="When it was dictated; now without it.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Write down anew what was written down before.")] = False,
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Write a recording down as a draft note and put it up for review; the recording is not kept.

    The model of speech runs in this process: name the folder of its weights in PREROUND_HEAR_PATH. Nothing is written
    to the chart: read the words with `preround show ITEM`, correct them with `preround decide ITEM --edit WORDS.txt
    --as NAME`, and sign with `preround decide ITEM --approve --as NAME`.
    """
    bar = Progress(TextColumn("hearing"), BarColumn(), TimeRemainingColumn(), console=err, transient=True)

    async def work(house: House) -> int:
        order = Order(
            patient=patient,
            kind=kind,
            language=_language(language),
            encounter=encounter,
            dictated=instant(dictated) if dictated else None,
            again=again,
        )
        hearer = hearer_of(house.settings)
        sound = _read(audio)
        with bar:
            task = bar.add_task("hearing", total=1.0)
            done = await transcribed(
                house, hearer, sound, order, progress=lambda share: bar.update(task, completed=share)
            )
        found = rounds.result(house, done.run_id)
        if json is not None:
            write_json(found, json)
        if json != "-":
            show_result(found)
            if found["review_item"] is not None:
                _say_words(house, found["review_item"])
            if done.status not in ("awaiting_review", "running"):
                out.print("This recording was written down before; write it down anew with --again.")
        return 0 if done.status != "failed" else UNREACHABLE

    enter(work, fhir=fhir, json=json, reporting=True)


def _language(given: str) -> str:
    if not _LANGUAGE.fullmatch(given):
        raise Unusable(f"{given} is no language; write its code, such as en or en-GB")
    return given


def _read(path: Path) -> Audio:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise Unusable(f"{path} is larger than a gigabyte; cut it into parts")
        body = path.read_bytes()
    except OSError as error:
        raise Unusable(f"Could not read {path}: {error.strerror}; give a recording") from error
    return read_audio(body)


def _say_words(house: House, item: str) -> None:
    for entry in show(house.services.db, item).proposal.entries:
        for line in (words_of(entry.resource) or "").splitlines():
            out.print(f"  | {line}", markup=False)
