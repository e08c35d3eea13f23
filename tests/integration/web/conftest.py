"""One fixture patient with a round that waits, and somebody who visits."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from fhir_fixtures import PATIENTS
from fhir_fixtures.bundles import bundles
from fhir_fixtures.loading import load_story
from preround.doing import rounds
from preround.doing.load import load
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, House, open_house
from tests.integration.web.visitor import (
    visiting,
)
from tools.fhir.transport import in_process

STORY = "diabetes-ckd"


@pytest.fixture(scope="session")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one fixture patient loaded and one round that waits."""
    home = tmp_path_factory.mktemp("web")
    asyncio.run(_draft(home))
    return home


async def _draft(home: Path) -> None:
    body = next(body for name, body in bundles() if name == STORY)
    file = home / "bundle.json"
    await asyncio.to_thread(file.write_bytes, body)
    story = load_story(PATIENTS / f"{STORY}.yaml")
    patient = f"fx-{story.story}-patient"
    as_of = datetime.fromisoformat(str(story.as_of)).replace(tzinfo=UTC)
    async with open_house(Settings(home=home)) as house:
        assert house.sandbox is not None
        await load([file], base_url=SANDBOX_URL, transport=in_process(house.sandbox))
        await rounds.start(house, patient=patient, tasks=rounds.DEFAULT_TASKS, as_of=as_of)


@pytest.fixture
def home(drafted: Path, tmp_path: Path) -> Path:
    """That home, for one test alone."""
    return Path(shutil.copytree(drafted, tmp_path / "home"))


@pytest.fixture
async def house(home: Path) -> AsyncIterator[House]:
    async with open_house(Settings(home=home)) as opened:
        yield opened


@pytest.fixture
async def web(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(house) as client:
        yield client
