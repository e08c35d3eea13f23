"""A home with the patient of the chest films, and a room in which a scripted model reads them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from agents.models.asking import Asker
from agents.models.embedding import ImageEmbedder
from agents.models.scripted import Line, ScriptedChat
from agents.seeing.seer import Seer
from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from fhir_fixtures.loading import load_story
from fhir_fixtures.pictures import pictures_of
from preround.doing.load import load
from preround.imaging.door import Order
from preround.imaging.room import Room
from preround.imaging.site import Imaging
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, House, open_house
from tests.dicomweb import Shelf
from tools.fhir.transport import in_process
from tools.imaging.archive import Archive
from tools.imaging.handing import Where

SOURCE = PATIENTS / "chest-films.yaml"
STORY = load_story(SOURCE)
PATIENT = f"fx-{STORY.story}-patient"
EARLIER, CT, CURRENT = STORY.films
"""The film of 2 March, the CT, and the film of 30 March that nobody has read."""


@cache
def files(*which: int) -> tuple[bytes, ...]:
    """The DICOM files of some of the story's studies."""
    return tuple(body for n in which for body in pictures_of(STORY, STORY.films[n]))


def finding(**changed: Any) -> dict[str, Any]:
    """A finding of a chest film that fits the phantom of 2 March."""
    usual = {
        "finding": "pleural effusion",
        "state": "present",
        "side": "right",
        "box_2d": [600, 100, 800, 450],
        "words": "blunt costophrenic angle",
    }
    return {**usual, **changed}


def answer(*findings: dict[str, Any]) -> str:
    """What a model says."""
    return json.dumps({"findings": findings})


def order(study: str | None = None, *, patient: str = PATIENT, **more: Any) -> Order:
    """An order about the story's patient, or another one, at the story's time."""
    return Order(patient=patient, as_of=STORY.now, study=study, **more)


def room(
    *lines: Line,
    shelf: Shelf | None = None,
    where: Where = "this machine",
    sorter: ImageEmbedder | None = None,
    archive: Callable[[], Archive] | None = None,
) -> tuple[Room, ScriptedChat]:
    """A room, and the model in it."""
    chat = ScriptedChat(lines=lines)
    seer = Seer(
        asker=Asker(chat),
        row="medgemma-1.5-4b-it",
        reasoner="vllm",
        model=("medgemma-1.5-4b-it", "abc1234"),
        where=where,
    )
    return Room(seer=seer, archive=archive or (shelf.archive if shelf else None), sorter=sorter), chat


@asynccontextmanager
async def opened(folder: Path, *, enabled: bool = True, chart: bytes | None = None) -> AsyncIterator[House]:
    """An open house on an embedded sandbox with the story in it, or with another chart."""
    bundle = folder / "story.json"
    bundle.write_bytes(compile_story(SOURCE) if chart is None else chart)
    settings = Settings(home=folder / "home", imaging=Imaging(enabled=enabled))
    async with open_house(settings) as house:
        assert house.sandbox is not None
        await load([bundle], base_url=SANDBOX_URL, transport=in_process(house.sandbox))
        yield house
