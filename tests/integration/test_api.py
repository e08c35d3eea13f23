"""The HTTP API as programs use it: once under a key, a page at a time, progress as it comes, and as it is described."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from preround.replay.stage_clock import StageClock
from preround.shown.instant import instant
from preround.web.app import create_web
from preround.wiring import House, open_house
from store import runs
from tests.acceptance.homes import AS_OF, PATIENT, Home, copied, loaded_home
from tests.depth import depth
from tests.integration.ehr import with_key
from tests.unit.fhir.socket_server import served
from tests.visiting import KEY, SITE, WITH_KEY

ROUND = {"patient": PATIENT, "tasks": ["summary"], "as_of": AS_OF}


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home")


@pytest.fixture
async def house(home: Home) -> AsyncIterator[House]:
    async with open_house(with_key(home.settings), clock=StageClock(instant(AS_OF))) as opened:
        yield opened


@pytest.fixture
async def web(house: House) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_web(house))
    async with httpx.AsyncClient(transport=transport, base_url=SITE, headers=WITH_KEY) as client:
        yield client


def number_of(house: House) -> int:
    with house.services.db.read() as connection:
        return len(runs.newest(connection, patient=None, after=None, most=1000))


async def started(web: httpx.AsyncClient, key: str, body: dict[str, object] | None = None) -> httpx.Response:
    return await web.post("/api/runs", json=body or ROUND, headers={"idempotency-key": key})


async def test_a_request_under_a_key_is_done_once_and_answered_alike(house: House, web: httpx.AsyncClient) -> None:
    first, second = await started(web, "one"), await started(web, "one")
    assert (first.status_code, second.status_code) == (202, 202)
    assert (first.content, first.headers["location"]) == (second.content, second.headers["location"])
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert number_of(house) == 1
    assert (await started(web, "two")).json()["run_id"] != first.json()["run_id"]
    other = await started(web, "one", {**ROUND, "tasks": ["comparison"]})
    assert (other.status_code, other.headers["content-type"]) == (422, "application/problem+json")
    assert number_of(house) == 2


async def test_requests_at_once_under_one_key_start_one_round(house: House, web: httpx.AsyncClient) -> None:
    found = await asyncio.gather(*(started(web, "race") for _ in range(8)))
    assert {one.status_code for one in found} <= {202, 409}
    assert len({one.json()["run_id"] for one in found if one.status_code == 202}) == 1
    assert number_of(house) == 1


async def test_a_request_whose_process_was_killed_is_taken_up_again(house: House, web: httpx.AsyncClient) -> None:
    clock = house.services.clock
    assert isinstance(clock, StageClock)
    first = await started(web, "killed")
    with house.services.db.write() as connection:  # as if it had ended before it answered
        connection.exec_driver_sql("UPDATE api_answers SET status = NULL")
    assert (await started(web, "killed")).status_code == 409
    clock.later(timedelta(minutes=3))
    assert (await started(web, "killed")).json()["run_id"] == first.json()["run_id"]
    assert number_of(house) == 1


async def test_what_was_refused_may_be_asked_again_and_unfit_keys_are_refused(web: httpx.AsyncClient) -> None:
    for _ in range(2):
        missing = await started(web, "refused", {**ROUND, "patient": "nobody"})
        assert (missing.status_code, missing.json()["title"]) == (404, "Not Found")
    assert (await started(web, "k" * 201)).status_code == 422


async def test_lists_come_a_page_at_a_time(house: House, web: httpx.AsyncClient) -> None:
    for n in range(5):
        house.runner.open(run_id=f"{n:016x}", patient="Patient/p", tasks=("summary",), as_of=instant(AS_OF))
    seen: list[str] = []
    address: str | None = "/api/runs?limit=2&patient=p"
    pages = 0
    while address:
        page = await web.get(address)
        pages += 1
        seen += [one["run_id"] for one in page.json()]
        address = page.links.get("next", {}).get("url")
    assert (pages, seen) == (3, [f"{n:016x}" for n in reversed(range(5))])
    assert (await web.get("/api/runs?after=nonsense")).status_code == 404
    assert (await web.get("/api/items?after=nonsense")).status_code == 404
    assert (await web.get("/api/runs?limit=0")).status_code == 422


async def test_a_round_tells_how_it_gets_on_until_it_waits_for_a_person(web: httpx.AsyncClient) -> None:
    location = (await started(web, "told")).headers["location"]
    events = await web.get(f"{location}/events")
    assert events.headers["content-type"].startswith("text/event-stream")
    parts = [part.split("\ndata: ") for part in events.text.strip().split("\n\n")]
    assert parts[-1][0] == "event: done"
    assert json.loads(parts[-1][1])["status"] == "awaiting_review"
    assert (await web.get("/api/runs/none/events")).status_code == 404


async def test_a_round_is_ended_or_driven_on(house: House, web: httpx.AsyncClient) -> None:
    run = house.runner.open(run_id="a" * 16, patient=f"Patient/{PATIENT}", tasks=("summary",), as_of=instant(AS_OF))
    path = f"/api/runs/{run.run_id}"
    assert (await web.post(f"{path}/resume")).status_code == 202
    assert "awaiting_review" in (await web.get(f"{path}/events")).text
    ended = await web.post(f"{path}/cancel", json={"person": "Ada Nowak"})
    assert (ended.status_code, ended.json()["status"]) == (200, "cancelled")
    assert (await web.post(f"{path}/cancel", json={"person": "Ada Nowak"})).status_code == 409
    assert (await web.get("/api/audit")).json()["holds"] is True
    assert PATIENT in {one["id"] for one in (await web.get("/api/patients")).json()["patients"]}


@pytest.mark.deep
async def test_the_server_keeps_to_its_description(home: Home) -> None:
    """`TEST_API_EXAMPLES` sets how many requests are made up for each operation."""
    settings = with_key(home.settings).model_copy(update={"requests_a_minute": 100_000})
    command = [sys.executable, "-m", "schemathesis.cli", "run", "--no-color", "--wait-for-schema", "60", "--seed", "1"]
    command += ["-H", f"Authorization: Bearer {KEY}", "--phases", "examples,coverage,fuzzing"]
    command += ["--exclude-path-regex", "events$", "--suppress-health-check", "all"]
    command += ["--max-examples", str(depth("API_EXAMPLES", here=2, ci=10))]
    async with open_house(settings) as house, served(create_web(house)) as base:
        command.append(f"{base.removesuffix('/fhir')}/api/openapi.json")
        runs_it = partial(subprocess.run, capture_output=True, text=True, timeout=300, cwd=home.path, check=False)
        ran = await asyncio.to_thread(runs_it, command)
    told = ran.stdout.partition("FAILURES")[2] or ran.stdout + ran.stderr
    assert ran.returncode == 0, told[:6000]
