"""Replaying scenarios: from the tape where it still has every answer, on a stage where it has not."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from claims.canonical import exact_bytes
from fhir_fixtures import PATIENTS
from fhir_fixtures.loading import load_scenario
from fhir_fixtures.scenario import Scenario
from preround.failure import Missing, Unusable
from preround.replay.cast import Cast, Engine
from preround.replay.differences import differences, prompt_differences
from preround.replay.play import Player
from preround.replay.stage import open_stage
from preround.settings import ReasonerName, Settings
from preround.wiring import guideline_folders
from tools.guidelines.library import load
from tools.guidelines.worker import GuidelineWorker
from tools.tape import Tape, TapeUnknown, opened

Json = dict[str, Any]
TAPES = "tapes"
"""The folder beside the scenarios that holds their tapes."""


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What came of one scenario."""

    scenario: Scenario
    """Which."""
    played: Json
    """The performance, as `Player.whole` gives it."""
    how: str
    """`tape` where nothing but the tape was asked, else `stage`."""
    tape: Tape
    """What was recorded, or played."""
    recorded: Json | None = None
    """The performance that the tape remembers."""
    differences: Sequence[str] = field(default=())
    """What is not as it was recorded."""

    @property
    def misses(self) -> Sequence[str]:
        """What the scenario expects and did not come."""
        found: Sequence[str] = self.played["misses"]
        return found


def scenario_files(paths: Sequence[Path]) -> list[Path]:
    """The scenario files among paths, a folder's in name order.

    Raises:
        Missing: a path is not there.
        Unusable: a folder holds no scenario.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise Missing(f"There is no file or folder {path.name}; give a scenario, or a folder of them")
        here = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not here:
            raise Unusable(f"The folder {path.name} holds no scenario; they end in .yaml")
        found += here
    return list(dict.fromkeys(found))


def tape_of(path: Path) -> Path:
    """Where a scenario's tape lies."""
    return path.parent / TAPES / f"{path.stem}.tape"


@asynccontextmanager
async def engine(settings: Settings) -> AsyncIterator[Engine]:
    """The CQL engine for any number of scenarios."""
    async with GuidelineWorker(node_modules=settings.node_modules) as worker:
        yield Engine(worker=worker, library=await asyncio.to_thread(load, guideline_folders(settings)))


async def replay(path: Path, settings: Settings, shared: Engine, told: Callable[[str], None]) -> Replayed:
    """Replay one scenario and compare it with its tape.

    Args:
        path: the scenario's file.
        settings: the site's.
        shared: the CQL engine.
        told: told of each step.

    Raises:
        StoryError: the scenario or its story is not right.
        TapeUnusable: what lies in the tape's place is none.
        Unusable: it needs a tape, or a server, that is not there.
    """
    cast = await asyncio.to_thread(cast_of, path, settings, shared)
    if cast.tape is not None:
        done = await _from_tape(cast, told)
        if done is not None:
            return done
    if cast.scenario.story is None:
        raise Unusable(f"The scenario {cast.scenario.scenario} asks for what its tape does not hold; record it again")
    done = await perform(cast, told)
    if cast.tape is None:
        return done
    recorded = cast.tape.head["played"]
    found = differences(recorded, done.played)
    found += prompt_differences(cast.tape.asked("model"), done.tape.asked("model"))
    return replace(done, recorded=recorded, differences=found)


async def record(path: Path, settings: Settings, shared: Engine, told: Callable[[str], None]) -> Replayed:
    """Play a scenario and keep everything that the outside answers on its tape.

    Raises:
        Unusable: the chart is no invented one, and the settings do not allow it on a tape.
    """
    cast = replace(await asyncio.to_thread(cast_of, path, settings, shared), tape=None)
    if cast.scenario.story is None and not settings.tape_charts:
        raise Unusable(
            f"The scenario {cast.scenario.scenario} would put a chart of your server on tape; set "
            "PREROUND_TAPE_CHARTS=true if the site allows that"
        )
    asked = settings.reasoner if cast.scenario.model is None and settings.reasoner != "offline" else None
    done = await perform(replace(cast, reasoner=asked, recording=True), told)
    target = tape_of(path)
    await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(target.write_bytes, done.tape.packed())
    return done


async def perform(cast: Cast, told: Callable[[str], None]) -> Replayed:
    """Play a scenario on a stage of its own, everything recorded."""
    with tempfile.TemporaryDirectory() as home:
        async with open_stage(cast, Path(home)) as stage:
            played = plain(await Player(stage, told).to_the_end())
            stage.tape.head["played"] = played
            return Replayed(scenario=cast.scenario, played=played, how="stage", tape=stage.tape)


async def with_reasoner(path: Path, settings: Settings, shared: Engine, told: Callable[[str], None]) -> Replayed:
    """Play a scenario with the reasoner that the settings name, in place of its own."""
    cast = await asyncio.to_thread(cast_of, path, settings, shared)
    reasoner: ReasonerName = settings.reasoner
    return await perform(replace(cast, tape=None, reasoner=reasoner), told)


async def _from_tape(cast: Cast, told: Callable[[str], None]) -> Replayed | None:
    """The performance from the tape alone; `None` where it was asked for something that it does not hold."""
    tape = cast.tape or Tape()
    tape.rewind()
    with tempfile.TemporaryDirectory() as home:
        async with open_stage(replace(cast, from_tape=True), Path(home)) as stage:
            try:
                played = plain(await Player(stage, told).to_the_end())
            except Exception as error:
                # Whatever broke after the first thing that the tape lacks, broke for want of it.
                if stage.missed or isinstance(error, TapeUnknown):
                    return None
                raise
            if stage.missed:
                return None
    recorded = tape.head["played"]
    return Replayed(
        scenario=cast.scenario,
        played=played,
        how="tape",
        tape=tape,
        recorded=recorded,
        differences=differences(recorded, played),
    )


def cast_of(path: Path, settings: Settings, shared: Engine) -> Cast:
    """How a scenario's file is put on stage.

    Raises:
        StoryError: the scenario is not right.
        TapeUnusable: what lies in its tape's place is none.
    """
    scenario = load_scenario(path)
    file = tape_of(path)
    tape = opened(file) if file.is_file() else None
    stories = (path.parent / "patients", PATIENTS)
    return Cast(scenario=scenario, settings=settings, engine=shared, stories=stories, tape=tape)


def plain(value: Json) -> Json:
    """A performance as JSON has it: decimals as text, tuples as lists, keys in order."""
    found: Json = json.loads(exact_bytes(value), parse_float=str)
    return found
