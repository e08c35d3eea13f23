"""Many writers at once: threads of one server, processes on one file, and a server over a socket."""

import asyncio
import json
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from preround.sandbox.app import create_sandbox
from preround.sandbox.database import Database, SchemaError
from tests.unit.sandbox.serving import Clock, ids, link, problem, serving

WRITE = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
import httpx
from preround.sandbox.app import create_sandbox

async def main(path, name):
    app = create_sandbox(Path(path), now=lambda: datetime(2024, 3, 1, tzinfo=UTC))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test/fhir/") as client:
        for number in range(25):
            patient = {"resourceType": "Patient", "id": f"{name}-{number}"}
            reply = await client.put(f"Patient/{name}-{number}", json=patient)
            assert reply.status_code == 201, reply.text
            shared = {"resourceType": "Patient", "id": "shared"}
            reply = await client.put("Patient/shared", json=shared)
            assert reply.status_code in (200, 201), reply.text
            again = {"resourceType": "Patient", "identifier": [{"system": "urn:once", "value": str(number)}]}
            reply = await client.post("Patient", json=again, headers={"if-none-exist": f"identifier=urn:once|{number}"})
            assert reply.status_code in (200, 201), reply.text
    app.state.database.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_processes_share_one_file(tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.db")
    start = asyncio.create_subprocess_exec
    writers = [await start(sys.executable, "-c", WRITE, path, f"w{number}") for number in range(4)]
    assert await asyncio.gather(*(asyncio.wait_for(writer.wait(), 120) for writer in writers)) == [0, 0, 0, 0]
    async with serving(tmp_path) as served:
        assert (await served.get("Patient/shared")).json()["meta"]["versionId"] == "100"
        assert (await served.get("Patient?_summary=count")).json()["total"] == 4 * 25 + 1 + 25
        history = (await served.get("Patient/shared/_history?_count=200")).json()["entry"]
        assert [entry["resource"]["meta"]["versionId"] for entry in history] == [str(n) for n in range(100, 0, -1)]


async def test_of_many_updates_from_one_version_one_wins(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        patient = {"resourceType": "Patient", "id": "a"}
        await served.put(patient)
        sent = [served.put({**patient, "language": f"l{n}"}, if_match='W/"1"') for n in range(12)]
        assert sorted(reply.status_code for reply in await asyncio.gather(*sent)) == [200, *[412] * 11]


async def test_of_many_creates_under_a_condition_one_writes(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        patient = {"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": "1"}]}
        sent = [served.send("POST", "Patient", patient, if_none_exist="identifier=urn:mrn|1") for _ in range(12)]
        assert sorted(reply.status_code for reply in await asyncio.gather(*sent)) == [*[200] * 11, 201]


async def test_history_cannot_be_changed_even_in_the_file(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.put({"resourceType": "Patient", "id": "a"})
    raw = sqlite3.connect(tmp_path / "sandbox.db")
    for statement in ("UPDATE version SET body = '{}'", "DELETE FROM version"):
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            raw.execute(statement)
    raw.close()


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "sandbox.db")
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(SchemaError):
        Database(tmp_path / "sandbox.db")


async def test_it_can_be_mounted_in_another_application(tmp_path: Path) -> None:
    sandbox = create_sandbox(tmp_path / "sandbox.db", now=Clock())
    whole = Starlette(routes=[Route("/fhir", sandbox), Mount("/fhir", app=sandbox)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=whole), base_url="http://ward.test:8000") as client:
        bundle = {"resourceType": "Bundle", "type": "batch"}
        for base in ("/fhir", "/fhir/"):
            reply = await client.post(base, json=bundle)
            assert reply.json() == {"resourceType": "Bundle", "type": "batch-response"}
        for name in ("a", "b"):
            made = await client.put(f"/fhir/Patient/{name}", json={"resourceType": "Patient", "id": name})
            assert made.headers["location"] == f"http://ward.test:8000/fhir/Patient/{name}/_history/1"
        page = (await client.get("/fhir/Patient?_count=1")).json()
        assert page["entry"][0]["fullUrl"] == "http://ward.test:8000/fhir/Patient/a"
        following = link(page, "next") or ""
        assert following.startswith("http://ward.test:8000/fhir/Patient?")
        assert ids((await client.get(following)).json()) == ["b"]
    sandbox.state.database.close()


async def test_a_fault_is_said_and_logged_without_what_was_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> datetime:
        raise LookupError("Archer, Ann")

    sandbox = create_sandbox(tmp_path / "sandbox.db", now=broken)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox), base_url="http://sandbox.test") as client:
        reply = await client.get("/fhir/Patient?family=archer")
    assert (reply.status_code, reply.json()["issue"][0]["code"]) == (500, "exception")
    assert problem(reply)
    assert "LookupError" in caplog.text
    assert "rcher" not in caplog.text + reply.text
    sandbox.state.database.close()


SERVE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import uvicorn
from preround.sandbox.app import create_sandbox

app = create_sandbox(Path(sys.argv[1]), now=lambda: datetime(2024, 3, 1, 12, tzinfo=UTC))
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
"""


def test_over_a_socket_with_a_load_beside_the_running_server(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-c", SERVE, str(tmp_path / "sandbox.db"), str(port)])
    base = f"http://127.0.0.1:{port}/fhir"
    try:
        assert _get(f"{base}/metadata")["resourceType"] == "CapabilityStatement"
        writer = [sys.executable, "-c", WRITE, str(tmp_path / "sandbox.db"), "beside"]
        assert subprocess.run(writer, check=False, timeout=120).returncode == 0
        found = _get(f"{base}/Patient?_id=beside-0")
        assert found["entry"][0]["fullUrl"] == f"{base}/Patient/beside-0"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _get(address: str) -> dict[str, Any]:
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=30) as reply:  # noqa: S310 - our own server
                return dict(json.load(reply))
        except OSError:
            time.sleep(0.1)
    raise AssertionError("The server did not start.")
