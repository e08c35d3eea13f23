"""The stage of one scenario: a home and a FHIR server of its own, a clock that stands, and a model that is known."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from agents.models.tape import TapeChat
from agents.worded.reasoner import WordedReasoner
from fhir_fixtures.compile import bundle_of, resources_of
from fhir_fixtures.loading import load_story
from fhir_fixtures.source import StoryError
from fhir_fixtures.story import Story
from preround.doing.load import load
from preround.failure import Unusable
from preround.imaging.site import Imaging
from preround.replay.cast import Cast, story_of, who_and_when
from preround.replay.films import Films, films_on
from preround.replay.stage_clock import StageClock
from preround.replay.stage_model import reasoner_of
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, House, Outside, open_house
from tools.fhir.limits import Limits
from tools.fhir.transport import Transport, in_process
from tools.tape import Tape
from tools.taped import Failing, Outage, Playing, Recording

_IMPATIENT = Limits(attempts=2, backoff_seconds=0.01)
"""A server that is down on stage comes back when the scenario says so, and not before."""
Resource = dict[str, Any]


@dataclass(kw_only=True)
class Stage:
    """A scenario's surroundings while it is played."""

    house: House
    """The running program."""
    clock: StageClock
    """Its time."""
    outage: Outage
    """Whether its FHIR server is there."""
    tape: Tape
    """What is recorded, or what is played."""
    cast: Cast
    """What was put on."""
    patient: str
    """The patient's id."""
    players: list[Playing | TapeChat] = field(default_factory=list)
    """What plays from a tape."""
    films: Films | None = None
    """The image archive and who reads it, where the scenario has pictures read."""
    _before: dict[str, Resource] = field(default_factory=dict)
    _more: list[dict[str, Any]] = field(default_factory=list)

    @property
    def missed(self) -> list[str]:
        """What a tape was asked for in vain."""
        return [one for player in self.players for one in player.missed]

    def _grown(self) -> Story:
        path = story_of(self.cast)
        if not any(self._more):
            return load_story(path)
        try:
            return load_story(path, *self._more)
        except StoryError as error:
            scenario = self.cast.scenario
            raise Unusable(
                f"What the scenario {scenario.scenario} adds to the story {scenario.story} does not fit it: "
                f"{error.field}: {error.problem}"
            ) from error

    async def happens(self, sections: dict[str, Any]) -> None:
        """Bring what others wrote meanwhile to the server; on tape it is there already; films are drawn."""
        if self.cast.scenario.story is None or (self.cast.from_tape and self.films is None):
            return
        self._more.append(sections)
        story = await asyncio.to_thread(self._grown)
        if self.films is not None:
            self.films.hang(story)
        if self.cast.from_tape or self.house.sandbox is None:
            return
        made = {f"{r['resourceType']}/{r['id']}": r for r in resources_of(story)}
        new = [r for name, r in made.items() if self._before.get(name) != r]
        self._before = made
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "story.json"
            await asyncio.to_thread(file.write_bytes, bundle_of(new))
            await load([file], base_url=SANDBOX_URL, transport=in_process(self.house.sandbox))


@asynccontextmanager
async def open_stage(cast: Cast, home: Path) -> AsyncIterator[Stage]:
    """Put a scenario on stage.

    Args:
        cast: what is played, and how.
        home: an empty folder for its state.

    Raises:
        StoryError: the patient's story is not right.
        Unusable: the scenario needs a tape or a server that is not there.
    """
    scenario = cast.scenario
    tape = cast.tape if cast.from_tape and cast.tape else Tape(words=True)
    starts, patient = await asyncio.to_thread(who_and_when, cast)
    clock = StageClock(starts)
    outage = Outage()
    players: list[Playing | TapeChat] = []

    def around(kind: str, transport: Transport | None) -> Transport:
        which: Any = kind
        if cast.from_tape:
            player = Playing(tape, which)
            players.append(player)
            return player
        if kind == "fhir":
            return Recording(Failing(transport, outage), tape, which)
        return Recording(transport if cast.recording else Playing(cast.tape or tape, which, away=True), tape, which)

    def chat(model: BaseChatModel) -> BaseChatModel:
        return TapeChat(tape=tape, recorded=model)

    outside = Outside(
        fhir=lambda transport: around("fhir", transport),
        literature=lambda transport: around("literature", transport),
        chat=chat,
        limits=_IMPATIENT,
        worker=cast.engine.worker,
        library=cast.engine.library,
    )
    settings = _settings(cast, home)
    reasoner = reasoner_of(cast, tape, players)
    async with open_house(settings, reasoner=reasoner, clock=clock, outside=outside) as house:
        stage = Stage(house=house, clock=clock, outage=outage, tape=tape, cast=cast, patient=patient, players=players)
        if cast.pictured:
            stage.films = films_on(cast, tape, players)
        if not cast.from_tape:
            tape.head = _head(stage)
        await stage.happens(scenario.before)
        yield stage


def _settings(cast: Cast, home: Path) -> Settings:
    """The site's settings, with everything that lasts in the stage's own folder and nothing else outside."""
    head = cast.tape.head if cast.tape else {}
    own = cast.scenario.story is not None
    fhir = head.get("base") if cast.from_tape else None if own else cast.settings.fhir
    if not own and fhir is None:
        raise Unusable(
            f"The scenario {cast.scenario.scenario} is about a patient of a server; record it with --record --fhir URL"
        )
    return cast.settings.model_copy(
        update={
            "home": home,
            "fhir": fhir,
            "database_url": None,
            "sandbox_audit": False,
            "trace_url": None,
            "reasoner": cast.reasoner or "offline",
            "literature_index": None,
            "imaging": Imaging(enabled=cast.pictured),
            **({} if cast.recording else _literature(head)),
            **({"fhir_token": None, "fhir_user": None, "fhir_client_id": None} if cast.from_tape or own else {}),
        }
    )


def _literature(head: dict[str, Any]) -> dict[str, Any]:
    """The sources that were asked when the tape was recorded; who asks is no part of it."""
    found = {**head.get("literature", {}), "literature_email": "replay@example.invalid"}
    return {"literature_sources": (), **found}


def _head(stage: Stage) -> dict[str, Any]:
    """What a tape must say of its stage, so that it can be played without one."""
    reasoner = stage.house.services.reasoner
    model = None
    if reasoner.name != "offline":
        name, revision = reasoner.model
        room = reasoner.room if isinstance(reasoner, WordedReasoner) else None
        model = {"reasoner": reasoner.name, "name": name, "revision": revision, "room": room}
    return {
        "scenario": stage.cast.scenario.scenario,
        "starts": stage.clock.now().isoformat(),
        "patient": stage.patient,
        "base": stage.house.settings.fhir or SANDBOX_URL,
        "model": model,
        "literature": {
            name: getattr(stage.house.settings, name)
            for name in ("literature_sources", "literature_pubmed", "literature_europepmc")
        },
    }
