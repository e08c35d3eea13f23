"""Something is away while a cohort is pre-rounded: server, model, disk, time. Rounds wait and finish.

`TEST_OUTAGE_SECONDS` in the environment sets how long it stays away; at 60 nothing of ours waits shorter than it does.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event
from starlette.requests import Request
from starlette.responses import Response

from preround.dispatch import batch, driving
from preround.dispatch.cohort import Cohort
from preround.dispatch.here import Here
from preround.home import sandbox_app
from preround.settings import Settings
from preround.shown.instant import instant
from preround.wiring import House, Outside, open_house
from review.queue import queue
from store import runs
from tests.acceptance.cohorts import cohort_home
from tests.acceptance.homes import Home, copied
from tests.depth import depth
from tests.integration.faulty import Ahead, on_faulty
from tests.integration.good_model import drafted
from tests.integration.web.visitor import links
from tests.unit.fhir.socket_server import served
from tests.unit.models.fake_server import FakeServer, said
from tests.visiting import visiting
from tools.fhir.limits import Limits

PATIENTS = 4
MINUTE = 60
SECONDS = depth("OUTAGE_SECONDS", here=1)
"""What is away stays away so long; our own waits are shorter by as much as it is shorter than a minute."""
SCALE = min(1.0, SECONDS / MINUTE)
SHORTER = Outside(
    limits=Limits(
        backoff_seconds=SCALE * Limits().backoff_seconds, longest_wait_seconds=SCALE * Limits().longest_wait_seconds
    )
)
ASKED = batch.Asked(tasks=("summary",), as_of=instant("2026-03-01T12:00:00Z"))


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(driving, "FIRST_WAIT", SCALE * driving.FIRST_WAIT)
    monkeypatch.setattr(driving, "LONGEST_WAIT", SCALE * driving.LONGEST_WAIT)
    monkeypatch.setenv("PREROUND_WORKER_ROUNDS", "1")
    return copied(cohort_home(tmp_path_factory.getbasetemp(), PATIENTS), tmp_path / "home")


async def outlasted(house: House) -> None:
    """So long it stays away; whoever opens the queue meanwhile is shown what waits there, and can open it."""
    end = time.monotonic() + SECONDS
    async with visiting(house) as web:
        for look in count():
            if look > 2 and time.monotonic() > end:
                break
            page = await web.get("/")
            assert page.status_code == 200
            items = links(page.text, "/items/")
            assert items
            assert (await web.get(items[0])).status_code == 200
            await asyncio.sleep(SECONDS / 10)


@asynccontextmanager
async def driven(house: House) -> AsyncIterator[Callable[[], batch.Progress]]:
    """A batch of everybody, driven beside the block, and through after it."""
    begun = await batch.begin(house, Cohort(kind="all"), ASKED)
    working = asyncio.create_task(Here(house).work(asyncio.Event(), batch_id=begun.batch_id))
    yield lambda: batch.progress(house, begun.batch_id)
    async with asyncio.timeout(120 + SECONDS):
        await working
    assert batch.progress(house, begun.batch_id).states == {"awaiting_review": PATIENTS}
    assert len(queue(house.services.db, states={"open"})) == PATIENTS
    with house.services.db.read() as connection:
        assert len(runs.by_status(connection)) == PATIENTS


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(120):
        while not true():  # noqa: ASYNC110 - what is waited for is a row
            await asyncio.sleep(0.01)


def waiting_for(house: House, words: str) -> bool:
    """Whether a round says on its row what it waits for; the queue can be read all the time."""
    queue(house.services.db)
    with house.services.db.read() as connection:
        return any(words in (run.status_detail or "") for run in runs.by_status(connection, {"running"}))


async def test_a_fhir_server_that_answers_503_fails_no_patient(home: Home) -> None:
    async with on_faulty(home, outside=SHORTER) as (house, faulty), driven(house) as progress:
        await until(lambda: progress().done)
        faulty.down()
        await until(lambda: waiting_for(house, "FHIR server"))
        await outlasted(house)
        assert progress().failed == 0
        faulty.rules = []


@dataclass
class Socket:
    """A server whose socket is there or not, always on the same port."""

    app: Any
    base: str = ""
    _up: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def on(self) -> None:
        self.base = await self._up.enter_async_context(served(self.app, port=urlsplit(self.base).port or 0))

    async def off(self) -> None:
        await self._up.aclose()


@asynccontextmanager
async def on_a_socket(app: Any) -> AsyncIterator[Socket]:
    server = Socket(app)
    await server.on()
    yield server
    await server.off()


async def test_a_fhir_server_that_nobody_can_connect_to_fails_no_patient(home: Home) -> None:
    sandbox = sandbox_app(home.settings)
    async with (
        on_a_socket(sandbox) as server,
        open_house(Settings(home=home.path, fhir=server.base), outside=SHORTER) as house,
        driven(house) as progress,
    ):
        await until(lambda: progress().done)
        await server.off()
        await until(lambda: waiting_for(house, "FHIR server"))
        await outlasted(house)
        assert progress().failed == 0
        await server.on()
    sandbox.state.database.close()  # type: ignore[attr-defined]


@dataclass
class Model(FakeServer):
    """A model server that answers whatever it is asked: what no form fits is worded by rule."""

    async def chat(self, request: Request) -> Response:
        prompt = json.dumps(await request.json())
        self.replies = [said(json.dumps(drafted(prompt)))]
        return await super().chat(request)


async def test_a_model_server_that_nobody_can_connect_to_fails_no_patient(home: Home) -> None:
    model = Model(models=[{"id": "medgemma-27b-text-it", "max_model_len": 32768}])
    async with on_a_socket(model.app) as server:
        url = server.base.removesuffix("/fhir") + "/v1"
        settings = Settings(home=home.path, reasoner="vllm", model_url=url, model="medgemma-27b-text-it")
        async with open_house(settings, outside=SHORTER) as house, driven(house) as progress:
            await until(lambda: progress().done)
            model.slow = MINUTE  # it is asked, and will not have answered when it goes away
            await until(lambda: model.under_way)
            await server.off()
            await until(lambda: waiting_for(house, "model server"))
            await outlasted(house)
            assert progress().failed == 0
            asked, model.slow = len(model.asked), 0.0
            await server.on()
        assert len(model.asked) > asked, "it was not asked again"


async def test_a_full_disk_fails_no_patient(home: Home) -> None:
    async with open_house(home.settings, outside=SHORTER) as house:
        full: list[bool] = []
        met: list[str] = []
        engine: Any = house.services.db._engine

        @event.listens_for(engine, "begin")
        def begin(connection: Any) -> None:
            pages = "1" if full else "1073741823"  # SQLite never goes below what there is: the next page fails
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        @event.listens_for(engine, "handle_error")
        def handle(context: Any) -> None:
            met.append(str(context.original_exception))

        async with driven(house) as progress:
            await until(lambda: progress().done)
            full.append(True)
            await until(lambda: met)
            await outlasted(house)
            assert progress().failed == 0
            full.clear()
        assert "database or disk is full" in met


@pytest.mark.parametrize("days", [[400], [-400], [400, -800]])
async def test_a_clock_that_jumps_fails_no_patient(home: Home, days: Sequence[int]) -> None:
    clock = Ahead()
    async with on_faulty(home, clock=clock, outside=SHORTER) as (house, _), driven(house) as progress:
        await until(lambda: progress().done)
        for by in days:
            clock.by += timedelta(days=by)
            await outlasted(house)
