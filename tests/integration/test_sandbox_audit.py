"""The trail: an AuditEvent for each access, none for itself, and no word of a chart in it."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from preround.sandbox.app import create_sandbox
from tests.unit.sandbox.serving import Clock, Served, ids, serving

WORD = "Quickwater"


async def trail(served: Served, query: str = "") -> list[dict[str, Any]]:
    bundle = (await served.get(f"AuditEvent?_sort=_lastUpdated&_count=500{query}")).json()
    return [entry["resource"] for entry in bundle.get("entry", [])]


def said(event: dict[str, Any]) -> tuple[str, str, str, set[str]]:
    """Interaction, action, outcome, and what it names."""
    entities = event.get("entity", [])
    named = {one["what"]["reference"] for one in entities if "reference" in one.get("what", {})}
    return event["subtype"][0]["code"], event["action"], event["outcome"], named


PATIENT = {"resourceType": "Patient", "id": "ann", "name": [{"family": WORD}]}
RESULT = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "code": {"text": WORD},
    "subject": {"reference": "Patient/ann"},
}


def transaction(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


async def test_each_access_leaves_one_event(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.send("POST", "", transaction(PATIENT, RESULT))
        await served.get("Observation/o1")
        await served.get("Observation/o1", if_none_match='W/"1"')
        await served.get("Observation/o1/_history/1")
        await served.get("Observation/o1/_history")
        await served.get(f"Observation?patient=ann&nonsense={WORD}", prefer="handling=lenient")
        await served.get(f"Patient?family={WORD}")
        await served.get("Condition?patient=ann")
        await served.get("Patient/ann/$everything")
        await served.put({**PATIENT, "gender": "female"})
        patch = [{"op": "add", "path": "/active", "value": True}]
        await served.send("PATCH", "Patient/ann", patch, content_type="application/json-patch+json")
        await served.put(PATIENT, if_match='W/"1"')
        await served.get("Observation/none")
        await served.get(f"Patient?{WORD}=1")
        await served.send("DELETE", "Observation/o1", b"")
        events = await trail(served)
    ann = {"Patient/ann"}
    assert [said(event) for event in events] == [
        ("transaction", "E", "0", {*ann, "Observation/o1/_history/1"}),
        ("read", "R", "0", {*ann, "Observation/o1/_history/1"}),
        ("read", "R", "0", {*ann, "Observation/o1"}),
        ("vread", "R", "0", {*ann, "Observation/o1/_history/1"}),
        ("history-instance", "R", "0", ann),
        ("search-type", "E", "0", ann),
        ("search-type", "E", "0", ann),
        ("search-type", "E", "0", ann),
        ("operation", "E", "0", ann),
        ("update", "U", "0", ann),
        ("patch", "U", "0", ann),
        ("update", "U", "4", ann),
        ("read", "R", "4", {"Observation/none"}),
        ("search-type", "E", "4", set()),
        ("delete", "D", "0", {*ann, "Observation/o1/_history/2"}),
    ]
    assert WORD not in json.dumps(events)


async def test_events_are_found_like_anything_else(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.put(PATIENT)
        served.clock.pass_seconds(60)
        await served.get("Patient/ann", x_request_id="r-1")
        await served.get("Patient/none")
        assert [said(one)[0] for one in await trail(served, "&patient=ann")] == ["update", "read"]
        assert [said(one)[0] for one in await trail(served, "&entity=Patient/ann&action=R")] == ["read"]
        assert [said(one)[3] for one in await trail(served, "&outcome=4")] == [{"Patient/none"}]
        [event] = await trail(served, "&date=ge2024-03-01T12:01:00Z&patient=ann")
        assert event["entity"][-1]["what"] == {"identifier": {"value": "r-1"}}
        assert event["agent"][0]["network"] == {"address": "127.0.0.1", "type": "2"}
        assert [agent["requestor"] for agent in event["agent"]] == [True, False]
        reply = await served.send("POST", "AuditEvent/$validate", event)
        assert [issue["severity"] for issue in reply.json()["issue"]] == ["information"]


async def test_the_trail_does_not_follow_itself(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.put(PATIENT)
        [event] = await trail(served)
        for path in (f"AuditEvent/{event['id']}", "AuditEvent/_history", "metadata", "AuditEvent/none"):
            await served.get(path)
        own = {"resourceType": "AuditEvent", "id": "own"}
        await served.put(own)
        await served.send("POST", "", transaction(own))
        assert len(await trail(served, "&subtype:missing=false")) == 1


async def test_charts_exports_and_the_history_come_without_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.put(PATIENT)
        await served.get("Patient/ann")
        assert ids((await served.get("Patient/ann/$everything")).json()) == ["ann"]
        assert len(ids((await served.get("Patient/ann/$everything?_type=AuditEvent")).json())) == 3
        assert len((await served.get("_history")).json()["entry"]) == 1
        begun = await served.get("$export", prefer="respond-async")
        manifest = (await served.get(begun.headers["content-location"])).json()
        assert [file["type"] for file in manifest["output"]] == ["Patient"]


async def test_a_downloaded_file_is_an_access_to_whom_it_shows(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.send("POST", "", transaction(PATIENT, RESULT))
        begun = await served.get("$export?_type=Observation", prefer="respond-async")
        manifest = (await served.get(begun.headers["content-location"])).json()
        await served.get(manifest["output"][0]["url"])
        assert [said(one) for one in (await trail(served))[-2:]] == [
            ("operation", "E", "0", set()),
            ("operation", "E", "0", {"Patient/ann"}),
        ]


@pytest.mark.parametrize("audit", [True, False])
async def test_it_can_be_switched_off(tmp_path: Path, audit: bool) -> None:
    async with serving(tmp_path, audit=audit) as served:
        await served.put(PATIENT)
        await served.get("Patient/ann")
        assert len(await trail(served)) == (2 if audit else 0)


async def test_what_cannot_be_recorded_is_not_shown(tmp_path: Path) -> None:
    app = create_sandbox(tmp_path / "sandbox.db", now=Clock())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test/fhir/") as client:
        served = Served(client, Clock())
        await served.put(PATIENT)
        with app.state.database.writing() as connection:
            connection.exec_driver_sql(
                "CREATE TRIGGER full BEFORE INSERT ON version BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        reply = await served.get("Patient/ann")
    assert (reply.status_code, WORD in reply.text) == (500, False)
    app.state.database.close()
