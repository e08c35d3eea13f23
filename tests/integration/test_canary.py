"""No name, id or note word of a patient is in a log, a trace, a metric, a step of the graph, a thread id or an error.

`TEST_CANARIES` in the environment sets how many patients are looked for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from agents.models.reply import ModelFailed
from graphs.runner import Runner
from preround.doing import rounds
from preround.failure import outcome, sentence
from preround.settings import Settings
from preround.shown.instant import instant
from preround.telemetry.crash import told
from preround.telemetry.logs import silent, speak
from preround.web.app import create_web
from preround.wiring import House, Outside, open_house
from store import runs
from tests.depth import depth
from tests.integration.canary import BASE, KINDS, NOW, THEIRS, Canary, Unsteady, Wire
from tests.unit.fhir.socket_server import served
from tools.fhir.limits import Limits
from tools.observer import NodeStep

PATIENTS = depth("CANARIES", here=24, ci=200)
CHANNELS = ("logs", "traces", "metrics", "steps", "errors")


@dataclass
class Heard:
    """Everything that left the rounds, by channel."""

    collected: bytearray = field(default_factory=bytearray)
    channels: dict[str, bytes] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    requests: int = 0

    def leaks(self) -> dict[str, set[bytes]]:
        """The words of patients that are in a channel."""
        return {name: found for name, said in self.channels.items() if (found := set(THEIRS.findall(said)))}

    async def collector(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Takes traces, as OpenTelemetry's collector does."""
        assert scope["path"] == "/v1/traces"
        more = True
        while more:
            message = await receive()
            self.collected += message.get("body", b"")
            more = message.get("more_body", False)
        self.requests += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def listening(
    folder: Path, heard: Heard, reasoner: Unsteady, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[House]:
    """A house that logs and traces everything; at the end, what was heard lies in `heard`."""

    async def collector(scope: Scope, receive: Receive, send: Send) -> None:
        await heard.collector(scope, receive, send)

    async with served(collector) as url:
        settings = Settings(home=folder, fhir=BASE, trace_url=url.removesuffix("/fhir"))
        with silent():
            speak("json", "debug", serving=True)
            logging.getLogger().setLevel(logging.DEBUG)  # other libraries too, which it leaves at warnings
            outside = Outside(fhir=lambda inner: Wire(), limits=Limits(backoff_seconds=0.0))
            async with open_house(settings, reasoner=reasoner, outside=outside) as house:
                reasoner.observer = house.services.observer
                yield house
                site = httpx.ASGITransport(app=create_web(house))
                async with httpx.AsyncClient(transport=site, base_url="http://127.0.0.1:8000") as client:
                    heard.channels["metrics"] = (await client.get("/metrics")).content
                with house.services.db.read() as connection:
                    details = [f"{one.run_id} {one.status_detail}" for one in runs.by_status(connection)]
    heard.channels["logs"] = capsys.readouterr().err.encode()
    heard.channels["traces"] = bytes(heard.collected)
    heard.channels["steps"] = steps(folder)
    heard.channels["errors"] = "\n".join([*heard.failures, *details]).encode()


def steps(home: Path) -> bytes:
    """What the graph kept, and where it keeps what is not yet in its file."""
    return b"".join(path.read_bytes() for path in sorted(home.glob("checkpoints.sqlite*")))


async def drive(house: House, heard: Heard, n: int) -> None:
    """One patient's round, to its stop or its failure."""
    NOW.set(n)
    try:
        await rounds.start(house, patient=Canary(n=n).id, tasks=("summary",), as_of=instant("2026-03-01T12:00:00Z"))
    except Exception as error:
        heard.failures += [told(error), str(outcome(error)) if not isinstance(error, ValueError) else ""]
        if not isinstance(error, ValueError):
            heard.failures.append(sentence(error))
        # As a task of a server that nobody waits for: the loop logs it with its traceback.
        asyncio.get_running_loop().call_exception_handler({"message": str(error), "exception": error})
    logging.getLogger("httpx").debug("GET %s of %s", Canary(n=n).id, Canary(n=n).name)


async def test_nothing_of_any_patient_is_heard_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heard = Heard()
    async with listening(tmp_path / "home", heard, Unsteady(), capsys) as house:
        for first in range(0, PATIENTS, KINDS):
            batch = range(first, min(PATIENTS, first + KINDS))
            await asyncio.gather(*(asyncio.create_task(drive(house, heard, n)) for n in batch))
        with house.services.db.read() as connection:
            statuses = {one.status for one in runs.by_status(connection)}
            assert len(runs.by_status(connection)) == PATIENTS
    assert {"awaiting_review", "failed"} <= statuses, "some went well, and some did not"
    assert set(heard.channels) == set(CHANNELS)
    assert min(len(heard.channels[name]) for name in CHANNELS) > 1000, "every channel said something"
    assert heard.requests > 0
    assert (
        b"gen_ai.usage.input_tokens" in heard.channels["traces"] or b"gen_ai.request.model" in heard.channels["traces"]
    )
    assert b"ValueError" in heard.channels["logs"], "a crash is told"
    assert heard.leaks() == {}


async def test_the_canary_hears_a_name_that_a_watcher_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = Heard()
    async with listening(tmp_path / "home", heard, Unsteady(), capsys) as house:
        with house.services.observer.watch(NodeStep(node=Canary(n=0).name)):
            pass
    assert set(heard.leaks()) == {"logs", "traces", "metrics"}


async def test_the_canary_hears_an_id_that_names_a_thread(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heard = Heard()
    async with listening(tmp_path / "home", heard, Unsteady(), capsys) as house:
        runner: Runner = house.runner
        one = Canary(n=0)
        runner.open(
            run_id=one.id, patient=f"Patient/{one.id}", tasks=("summary",), as_of=instant("2026-03-01T12:00:00Z")
        )
        await runner.advance(one.id)
    assert {"steps", "errors", "logs", "traces"} <= set(heard.leaks())


async def test_the_canary_hears_words_in_a_failure_that_is_passed_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = Heard()
    async with listening(tmp_path / "home", heard, Unsteady({0: ModelFailed}), capsys) as house:
        await drive(house, heard, 0)
    assert set(heard.leaks()) == {"errors"}
