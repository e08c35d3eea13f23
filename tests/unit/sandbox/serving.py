"""A sandbox behind an ASGI client, with a clock that the test moves."""

import gzip
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from preround.sandbox.app import create_sandbox

FHIR = "application/fhir+json"
START = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)
DATA = Path(os.environ.get("PREROUND_TEST_DATA", str(Path(__file__).parents[3] / ".." / "shared" / "data")))


class Clock:
    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        return self.moment

    def pass_seconds(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Served:
    """One sandbox; `path` is below the base unless it is a whole address."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock) -> None:
        self.client = client
        self.clock = clock

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=_names(headers))

    async def send(self, method: str, path: str, body: object, **headers: str) -> httpx.Response:
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        return await self.client.request(
            method, path, content=content, headers={"content-type": FHIR, **_names(headers)}
        )

    async def create(self, resource: dict[str, Any], **headers: str) -> dict[str, Any]:
        reply = await self.send("POST", resource["resourceType"], resource, **headers)
        assert reply.status_code in (200, 201), reply.text
        return dict(reply.json())

    async def put(self, resource: dict[str, Any], **headers: str) -> httpx.Response:
        return await self.send("PUT", f"{resource['resourceType']}/{resource['id']}", resource, **headers)

    async def found(self, path: str) -> list[str]:
        """Ids of the matches on the first page."""
        reply = await self.get(path)
        assert reply.status_code == 200, reply.text
        return ids(reply.json())


@asynccontextmanager
async def serving(path: Path, **options: Any) -> AsyncIterator[Served]:
    clock = Clock()
    app = create_sandbox(path / "sandbox.db", now=clock, **options)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test/fhir/", timeout=60) as client:
        yield Served(client, clock)
    app.state.database.close()


def ids(bundle: dict[str, Any], mode: str = "match") -> list[str]:
    entries = bundle.get("entry", [])
    return [entry["resource"]["id"] for entry in entries if entry.get("search", {}).get("mode", mode) == mode]


def link(bundle: dict[str, Any], relation: str) -> str | None:
    return next((one["url"] for one in bundle.get("link", []) if one["relation"] == relation), None)


def problem(reply: httpx.Response) -> str:
    """The first issue's sentence; every refusal must carry one."""
    outcome = reply.json()
    assert outcome["resourceType"] == "OperationOutcome"
    return str(outcome["issue"][0]["diagnostics"])


def synthea_files() -> list[Path]:
    """The Synthea bundles, organisations and practitioners first."""
    folder = DATA / "synthea"
    if not folder.is_dir():
        pytest.skip("needs the Synthea charts (PREROUND_TEST_DATA)")
    return sorted(folder.glob("*.json.gz"), key=lambda path: (not path.name.startswith("0-"), path.name))


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
