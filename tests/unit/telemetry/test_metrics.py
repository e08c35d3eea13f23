"""Metrics: what each process did, and what the state holds whoever did it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from preround.clock import WallClock
from preround.doing import deciding, rounds
from preround.replay.stage_clock import StageClock
from preround.reporting.passes import report_once
from preround.shown.instant import instant
from preround.telemetry import state
from preround.telemetry.metrics import Metrics
from preround.telemetry.watchers import Watchers
from preround.web.app import create_web
from preround.wiring import House, open_house
from tests.acceptance.homes import AS_OF, PATIENT, Home, copied, loaded_home
from tests.integration.test_prepared_rounds import a_note
from tools.observer import EngineStarted, FhirRequest, ModelCall, Verified

SITE = "http://127.0.0.1:8000"


def samples(page: str) -> dict[str, float]:
    """Every sample by its name with its labels."""
    return {
        s.name + "".join(f" {k}={v}" for k, v in sorted(s.labels.items())): s.value
        for family in text_string_to_metric_families(page)
        for s in family.samples
    }


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home")


@pytest.fixture(autouse=True)
def counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "FRESH_SECONDS", 0.0)


@asynccontextmanager
async def scraping(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=create_web(house)), base_url=SITE) as client:
        yield client


async def scraped(client: httpx.AsyncClient) -> dict[str, float]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return samples(answer.text)


async def test_a_round_and_its_decision_are_counted_wherever_they_are_made(home: Home) -> None:
    async with open_house(home.settings) as house, scraping(house) as client:
        before = await scraped(client)
        assert before["preround_state_up"] == 1
        run = await rounds.start(house, patient=PATIENT, tasks=("summary", "suggestions"), as_of=instant(AS_OF))
        ledger = rounds.result(house, run.run_id)["ledger"]
        waiting = await scraped(client)
        assert waiting["preround_state_rounds status=awaiting_review"] == 1
        assert sum(v for k, v in waiting.items() if k.startswith("preround_state_open_items")) == 1
        assert waiting["preround_state_queue_age_seconds"] > 0
        assert waiting["preround_round_drives_total status=awaiting_review"] == 1
        assert waiting["preround_rounds_under_way"] == 0
        assert waiting["preround_claims_total task=summary verdict=standing"] > 5
        # Another process decides, as a person at a command line does.
        async with open_house(home.settings) as other:
            item = rounds.item_of_run(other, run.run_id)
            await deciding.decide(other, item_id=item, person="Ada Nowak", verb="approve")
        after = await scraped(client)
    sent = sum(v for k, v in waiting.items() if k.startswith("preround_fhir_requests_total"))
    assert sent == ledger["fhir_requests"] + 1, "and the look whether there is such a patient, before the round"
    assert 0 < waiting["preround_fhir_answer_bytes_total"] - ledger["fhir_bytes"] < 2000
    assert waiting["preround_fhir_requests_total interaction=$everything outcome=2xx type=Patient"] >= 1
    assert waiting["preround_engine_starts_total"] == 1
    assert waiting["preround_engine_restarts_total"] == 0
    assert waiting["preround_chart_cache_total result=hit"] > waiting["preround_chart_cache_total result=miss"] > 0
    assert waiting["preround_node_seconds_count node=gather outcome=ok"] == 1
    assert after["preround_state_decision_seconds_count outcome=approved"] == 1
    assert after["preround_state_rounds status=written"] == 1
    assert after["preround_state_outbox state=done"] >= 1
    assert after["preround_round_drives_total status=awaiting_review"] == 1, "what another process did is its own"


async def test_what_the_fhir_server_does_not_know_is_counted_where_it_is_to_know_it(home: Home) -> None:
    behind = ("tasks_behind", "tasks_behind_age_seconds", "audit_unsent", "audit_unsent_age_seconds")
    names = [f"preround_state_{one}" for one in behind]
    async with open_house(home.settings) as house, scraping(house) as client:
        await rounds.open_prepared(house, a_note(), as_of=instant(AS_OF))
        assert not [name for name in await scraped(client) if name in names], "it is off"
    telling = home.settings.model_copy(update={"fhir_tasks": True, "fhir_audit": True})
    clock = StageClock(WallClock().now())
    async with open_house(telling, clock=clock) as house, scraping(house) as client:
        clock.later(timedelta(hours=1))
        waiting = await scraped(client)
        items, since, acts, oldest = (waiting[name] for name in names)
        assert (items, acts) == (1, 1)
        assert 3600 <= since < 3700
        assert 3600 <= oldest < 3700
        assert (await report_once(house)).done == 2
        told = await scraped(client)
        assert [told[name] for name in names] == [0, 0, 0, 0]


async def test_a_database_that_is_away_is_one_of_the_numbers(home: Home) -> None:
    async with open_house(home.settings) as house, scraping(house) as client:
        await rounds.open_prepared(house, a_note(), as_of=instant(AS_OF))
        (home.path / "preround.sqlite").rename(home.path / "elsewhere")
        house.services.db.close()
        (home.path / "preround.sqlite").mkdir()
        found = await scraped(client)
        (home.path / "preround.sqlite").rmdir()
        (home.path / "elsewhere").rename(home.path / "preround.sqlite")
    assert found["preround_state_up"] == 0
    assert not [name for name in found if name.startswith("preround_state_rounds")]


def test_failures_tokens_and_restarts_are_counted() -> None:
    metrics = Metrics()
    watchers = Watchers(metrics)
    call = ModelCall(system="vllm", model="m")
    with watchers.watch(call):
        call.sent, call.cached, call.made, call.finish = 100, 60, 7, "stop"
    with pytest.raises(TimeoutError), watchers.watch(ModelCall(system="vllm", model="m")):
        raise TimeoutError
    request = FhirRequest(method="GET", interaction="read", resource_type="Patient", host="h", port=None)
    with pytest.raises(ConnectionError), watchers.watch(request):
        raise ConnectionError
    watchers.note(EngineStarted(again=False))
    watchers.note(EngineStarted(again=True))
    watchers.note(Verified(task="summary", standing=4, removed=2))
    found = samples(metrics.page().decode())
    assert found["preround_model_tokens_total kind=sent model=m"] == 100
    assert found["preround_model_tokens_total kind=cached model=m"] == 60
    assert found["preround_model_calls_total model=m outcome=stop system=vllm"] == 1
    assert found["preround_model_calls_total model=m outcome=TimeoutError system=vllm"] == 1
    assert found["preround_fhir_requests_total interaction=read outcome=ConnectionError type=Patient"] == 1
    assert (found["preround_engine_starts_total"], found["preround_engine_restarts_total"]) == (2, 1)
    assert found["preround_claims_total task=summary verdict=removed"] == 2
