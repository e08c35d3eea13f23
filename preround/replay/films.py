"""Pictures on stage: an archive with the story's films, drawn by code, and a model that reads them from the script.

The archive is on no tape: the same story draws the same films, and a tape knows by the hash of what the model was asked
whether it saw the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agents.models.asking import Asker
from agents.models.scripted import ScriptedChat
from agents.models.tape import TapeChat
from agents.seeing.seer import Seer
from agents.worded.answering import written
from fhir_fixtures.film import Film
from fhir_fixtures.story import Story
from preround.imaging.door import Order
from preround.replay.cast import Cast
from preround.wiring import House
from store.runs import Run
from tools.fhir.transport import in_process
from tools.needed import needed
from tools.tape import Tape
from tools.taped import Playing

_MODEL = "medgemma-1.5-4b-it"
"""Whose training the scripted model claims, so that the gate lets it see."""


@dataclass(kw_only=True, slots=True)
class Films:
    """An image archive, and who reads it."""

    seer: Seer
    """The scripted model, or the one on tape."""
    _story: Story | None = None
    _drawn: dict[Film, bytes] = field(default_factory=dict)

    def hang(self, story: Story) -> None:
        """Have the films of a story, as it has grown."""
        self._story = story

    async def read(self, house: House, patient: str, now: datetime) -> Run:
        """Have the newest film read, as `preround run PATIENT --task imaging` does.

        Raises:
            LibraryMissing: the extra `imaging` is not installed.
            preround.failure.EXPECTED: whatever a reading raises.
        """
        room = needed("preround.imaging.room", extra="imaging").Room
        archive = needed("tools.imaging.archive", extra="imaging").Archive
        app = needed("preround.sandbox.archive", extra="imaging").image_archive(self._files)
        here = room(
            seer=self.seer, archive=lambda: archive("http://stage.invalid/dicom-web", transport=in_process(app))
        )
        order = Order(patient=patient, as_of=now)
        found: Run = await needed("preround.imaging.looking", extra="imaging").look(house, here, order)
        return found

    def _files(self) -> Sequence[bytes]:
        story = self._story
        if story is None:
            return ()
        for film in story.films:
            if film not in self._drawn:
                self._drawn[film] = next(needed("fhir_fixtures.pictures", extra="imaging").pictures_of(story, film))
        return [self._drawn[film] for film in story.films]


def films_on(cast: Cast, tape: Tape, players: list[Playing | TapeChat]) -> Films:
    """The films of a scenario, and its model."""
    lines = [] if cast.scenario.model is None else [written(one) for one in cast.scenario.model.seeing]
    script = ScriptedChat(lines=[one for one in lines if not isinstance(one, dict)])
    chat = TapeChat(tape=tape) if cast.from_tape else TapeChat(tape=tape, recorded=script)
    players.append(chat)
    seer = Seer(asker=Asker(chat), row=_MODEL, reasoner="scripted", model=("scripted", "1"), where="this machine")
    return Films(seer=seer)
