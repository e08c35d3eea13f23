"""`preround demo --scenario`: one scenario, played step by step in the web page."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import NoReturn

from fhir_fixtures import SCENARIOS
from preround.door import err, leave, settings_with
from preround.failure import Missing
from preround.people.people import people_of
from preround.replay.play import Player
from preround.replay.replaying import cast_of, engine
from preround.replay.stage import open_stage
from preround.settings import Settings
from preround.web.app import create_web
from preround.web.listening import address_of, answer_requests, listening
from preround.web.scenario_page import ScenarioPage


def play_in_browser(scenario: str, *, port: int) -> NoReturn:
    """Serve a scenario's stage until stopped.

    Args:
        scenario: the name of one of ours, or a file.
        port: on this machine; 0 takes a free one.
    """
    leave(lambda: asyncio.run(_served(_file(scenario), settings_with(), port)))


def _file(scenario: str) -> Path:
    given, ours = Path(scenario), SCENARIOS / f"{scenario}.yaml"
    if ours.is_file():
        return ours
    if not given.is_file():
        known = ", ".join(sorted(path.stem for path in SCENARIOS.glob("*.yaml")))
        raise Missing(f"There is no scenario {given.name}; give a file, or one of {known}")
    return given


async def _served(file: Path, settings: Settings, port: int) -> int:
    async with engine(settings) as shared:
        cast = await asyncio.to_thread(cast_of, file, settings, shared)
        with tempfile.TemporaryDirectory() as home, listening("127.0.0.1", port) as listener:
            async with open_stage(cast, Path(home)) as stage:
                people = people_of(
                    stage.house, say=lambda link: err.print(f"A new link: {link}  (opens once)", markup=False)
                )
                web = create_web(stage.house, people=people)
                web.include_router(ScenarioPage(Player(stage)).router)
                link = people.listens_at(address_of("127.0.0.1", listener), to="/scenario")
                err.print(f"Scenario: {link}  (opens once; stop with Ctrl-C)", markup=False)
                await answer_requests(web, listener)
    return 0
