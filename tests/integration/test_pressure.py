"""Back-pressure: rounds of a batch wait while a person's round is under way, or the model server has its hands full."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest
from starlette.types import Receive, Scope, Send

from agents.models.endpoint import allowed
from agents.models.waiting import AWAY, waiting_at
from preround.dispatch.pressure import Pressure
from tests.unit.fhir.socket_server import served

PAGE = b"""# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="m"} 3.0
vllm:num_requests_waiting{engine="1",model_name="m"} 4.0
vllm:num_requests_running{engine="0",model_name="m"} 9.0
"""


def server(status: int, body: bytes) -> object:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["path"] == "/metrics"
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


@pytest.mark.parametrize(
    ("status", "body", "expected"), [(200, PAGE, 7), (200, b"other 1\n", None), (404, b"", None), (503, b"", AWAY)]
)
async def test_what_waits_is_read_from_the_servers_own_page(status: int, body: bytes, expected: int | None) -> None:
    async with served(server(status, body)) as base:
        root = base.removesuffix("/fhir")
        assert await waiting_at(allowed(f"{root}/v1", hosts=(), key=None)) == expected


async def test_a_server_that_is_not_there_is_away() -> None:
    assert await waiting_at(allowed("http://127.0.0.1:1/v1", hosts=(), key=None)) == AWAY


async def test_a_batch_waits_while_a_person_does_or_the_model_is_busy_and_a_person_never_waits() -> None:
    answers, clock = [9, AWAY, 0], count(step=10)
    stop = asyncio.Event()

    async def queued() -> int | None:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    pressure = Pressure(queued=queued, most=8, stop=stop, now=lambda: float(next(clock)))
    entered: list[str] = []

    async def batch() -> None:
        async with pressure.room("b", urgent=False):
            entered.append("b")

    async with pressure.room("p", urgent=True):
        waiting = asyncio.create_task(batch())
        await asyncio.sleep(0.05)
        assert entered == []
        async with pressure.room("q", urgent=True):
            pass
        assert answers == [9, AWAY, 0], "nobody asks while a person's round is under way"
    async with asyncio.timeout(30):
        await waiting
    assert answers == [0]
    assert entered == ["b"]
