"""A home with one invented patient, for rounds on real models."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from agents.reasoner import Reasoner
from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from fhir_fixtures.loading import load_story
from preround.doing import rounds
from preround.doing.load import load
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, House, open_house
from tools.fhir.transport import in_process


@dataclass(frozen=True, kw_only=True)
class Ward:
    """An open house with a patient in it."""

    house: House
    now: datetime
    patient: str

    async def round(self) -> dict[str, Any]:
        """A whole round up to its approval, as `run --json` gives it."""
        run = await rounds.start(self.house, patient=self.patient, tasks=rounds.DEFAULT_TASKS, as_of=self.now)
        return rounds.result(self.house, run.run_id)


@asynccontextmanager
async def ward(folder: Path, reasoner: Reasoner, *, story: str = "diabetes-ckd") -> AsyncIterator[Ward]:
    """Open a house on an embedded sandbox and load a story into it."""
    source = PATIENTS / f"{story}.yaml"
    bundle = folder / "story.json"
    bundle.write_bytes(compile_story(source))
    told = load_story(source)
    async with open_house(Settings(home=folder / "home"), reasoner=reasoner) as house:
        assert house.sandbox is not None
        await load([bundle], base_url=SANDBOX_URL, transport=in_process(house.sandbox))
        yield Ward(house=house, now=told.now, patient=patient_of(bundle))


def patient_of(bundle: Path) -> str:
    """The id of the one patient of a bundle."""
    entries = json.loads(bundle.read_text())["entry"]
    return next(str(e["resource"]["id"]) for e in entries if e["resource"]["resourceType"] == "Patient")
