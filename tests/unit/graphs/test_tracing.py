"""Charts do not leave through somebody's tracing set-up, whatever the environment says."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.acceptance.homes import AS_OF, PATIENT, Home, copied, finish, loaded_home

TRACED = """
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.langchain import wait_for_all_tracers
RunnableLambda(lambda x: x).invoke(1)
wait_for_all_tracers()
"""
ROUND = f"""
import asyncio, os
from pathlib import Path
from langchain_core.tracers.langchain import wait_for_all_tracers
from preround.doing import rounds
from preround.shown.instant import instant
from preround.settings import Settings
from preround.wiring import open_house

async def main():
    async with open_house(Settings()) as house:
        run = await rounds.start(house, patient={PATIENT!r}, tasks=("summary",), as_of=instant({AS_OF!r}))
        assert run.status == "awaiting_review"

asyncio.run(main())
assert os.environ["LANGSMITH_TRACING"] == "true"
wait_for_all_tracers()
"""


@contextlib.contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    """A server in the place of the tracing service: its address, and every request that it got."""
    got: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            got.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = do_PATCH = _answer

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _environment(address: str) -> dict[str, str]:
    return {
        "LANGSMITH_TRACING": "true",
        "LANGCHAIN_TRACING_V2": "true",
        "LANGSMITH_ENDPOINT": address,
        "LANGSMITH_API_KEY": "canary",
    }


def _run(home: Home, code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], env=home.environment, cwd=home.path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loaded_home(tmp_path_factory.getbasetemp())


def test_the_canary_hears_a_program_that_is_traced(template: Path, tmp_path: Path) -> None:
    with canary() as (address, got):
        _run(copied(template, tmp_path / "home", **_environment(address)), TRACED)
    assert got


def test_a_round_is_not_traced_even_past_the_doors(template: Path, tmp_path: Path) -> None:
    with canary() as (address, got):
        _run(copied(template, tmp_path / "home", **_environment(address)), ROUND)
    assert got == []


def test_a_command_is_not_traced(template: Path, tmp_path: Path) -> None:
    with canary() as (address, got):
        home = copied(template, tmp_path / "home", **_environment(address))
        ran = finish(home.start("run", PATIENT, "--as-of", AS_OF))
    assert (ran.code, got) == (0, []), ran.err
