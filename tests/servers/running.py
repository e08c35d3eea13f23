"""FHIR servers on a free port of 127.0.0.1 for the length of some tests: our sandbox, and Medplum's router."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
import uvicorn

from preround.sandbox.app import create_sandbox
from tests.unit.house.files import ROOT
from tools.guidelines.node import node_binary

Maker = Literal["sandbox", "medplum"]
MAKERS: tuple[Maker, ...] = ("sandbox", "medplum")
_PATIENCE = 60.0
"""Seconds for one answer: these tests are of what a server says, not of how busy the machine is."""
ROUTER = ROOT / "node_modules" / "@medplum" / "fhir-router"


@dataclass(frozen=True, kw_only=True, slots=True)
class FhirServer:
    """One that runs."""

    maker: Maker
    """Whose."""
    base: str
    """Its FHIR base URL."""

    def put(self, *resources: dict[str, Any]) -> None:
        """Write resources past our own client."""
        with httpx.Client(timeout=_PATIENCE) as client:
            for one in resources:
                reply = client.put(f"{self.base}/{one['resourceType']}/{one['id']}", json=one)
                assert reply.status_code in (200, 201), reply.text

    def get(self, path: str) -> dict[str, Any]:
        """Read past our own client."""
        reply = httpx.get(f"{self.base}/{path}", timeout=_PATIENCE)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())


@contextmanager
def running(maker: Maker, folder: Path) -> Iterator[FhirServer]:
    """Run a server; `folder` is where it may keep files."""
    with {"sandbox": _sandbox, "medplum": _medplum}[maker](folder) as base:
        yield FhirServer(maker=maker, base=base)


@contextmanager
def _sandbox(folder: Path) -> Iterator[str]:
    app = create_sandbox(folder / "sandbox.sqlite", now=lambda: datetime.now(UTC))  # noqa: TID251 - a server
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/fhir"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
        app.state.database.close()


@contextmanager
def _medplum(folder: Path) -> Iterator[str]:
    if not ROUTER.is_dir():
        pytest.skip("Medplum's router is not installed here: `make test` installs it, `npm ci` too")
    with subprocess.Popen(
        [node_binary(), Path(__file__).parent / "medplum.mjs"],
        cwd=folder,
        env={"NODE_PATH": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            base = process.stdout.readline().strip()
            assert base, "Medplum's router did not start"
            yield base
        finally:
            process.stdin.close()
            process.wait(timeout=20)
