"""`$export`: everything, all charts or a group's charts as NDJSON, as it stood when it was asked for."""

import json
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from preround.sandbox import export_files
from preround.sandbox.export import MOST_JOBS
from tests.unit.sandbox.serving import START, Served, problem, serving

ASYNC = {"prefer": "respond-async"}
NAMES = ("ann", "bob", "cy")


async def fill(served: Served) -> None:
    await served.put({"resourceType": "Organization", "id": "ward"})
    await served.put({"resourceType": "Organization", "id": "nobody-points-here"})
    for name in NAMES:
        patient = {"resourceType": "Patient", "id": name, "managingOrganization": {"reference": "Organization/ward"}}
        await served.put(patient)
        for number in range(2):
            result = {"resourceType": "Observation", "id": f"{name}-{number}", "status": "final", "code": {"text": "x"}}
            await served.put({**result, "subject": {"reference": f"Patient/{name}"}})
        served.clock.pass_seconds(60)
    members = [
        {"entity": {"reference": "Patient/ann"}},
        {"entity": {"reference": "Patient/bob"}, "inactive": True},
        {"entity": {"reference": "Practitioner/doc"}},
    ]
    await served.put({"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": members})


async def finished(served: Served, path: str, **headers: str) -> dict[str, Any]:
    begun = await served.get(path, **ASYNC, **headers)
    assert (begun.status_code, begun.content) == (202, b""), begun.text
    return await polled(served, begun.headers["content-location"])


async def polled(served: Served, address: str) -> dict[str, Any]:
    for _ in range(20):
        reply = await served.get(address)
        if reply.status_code == 200:
            assert reply.headers["content-type"] == "application/json"
            return dict(reply.json())
        assert (reply.status_code, reply.headers["retry-after"]) == (202, "1")
    raise AssertionError("never ready")


async def lines(served: Served, manifest: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for file in manifest["output"]:
        reply = await served.get(file["url"], accept="application/fhir+ndjson")
        assert reply.headers["content-type"] == "application/fhir+ndjson"
        resources = [json.loads(line) for line in reply.text.splitlines()]
        assert ({one["resourceType"] for one in resources}, len(resources)) == ({file["type"]}, file["count"])
        found.setdefault(file["type"], []).extend(resources)
    return found


def names(found: dict[str, list[dict[str, Any]]]) -> set[str]:
    return {f"{kind}/{one['id']}" for kind, some in found.items() for one in some}


def chart(*patients: str) -> set[str]:
    return {f"Patient/{name}" for name in patients} | {f"Observation/{name}-{n}" for name in patients for n in (0, 1)}


SHARED = {"Organization/ward"}
EVERYTHING = chart(*NAMES) | SHARED | {"Organization/nobody-points-here", "Group/g"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$export", EVERYTHING),
        ("$export?_type=Patient,Group", {"Patient/ann", "Patient/bob", "Patient/cy", "Group/g"}),
        ("$export?_type=Patient&_type=Group", {"Patient/ann", "Patient/bob", "Patient/cy", "Group/g"}),
        ("$export?_since=2024-03-01T12:02:00Z", chart("cy") | {"Group/g"}),
        ("$export?_type=Immunization", set()),
        ("Patient/$export", chart(*NAMES) | SHARED | {"Group/g"}),
        ("Patient/$export?_type=Observation&_since=2024-03-01T12:01:00Z", {"Observation/bob-0", "Observation/bob-1"}),
        ("Group/g/$export", chart("ann") | SHARED | {"Group/g"}),
        ("Group/g/$export?_type=Observation&_outputFormat=ndjson", {"Observation/ann-0", "Observation/ann-1"}),
    ],
)
async def test_an_export_holds(tmp_path: Path, path: str, expected: set[str]) -> None:
    async with serving(tmp_path) as served:
        await fill(served)
        manifest = await finished(served, path)
        found = names(await lines(served, manifest))
    if path.startswith("Patient/$export?"):
        expected = expected | {"Observation/cy-0", "Observation/cy-1"}
    assert found == expected
    assert datetime.fromisoformat(manifest["transactionTime"]) > START
    assert (manifest["requiresAccessToken"], manifest["error"]) == (False, [])
    assert manifest["request"].startswith("http://sandbox.test/fhir/" + path.partition("?")[0])


async def test_parameters_may_come_in_a_body(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await fill(served)
        body = {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueString": "Group"}]}
        begun = await served.send("POST", "$export", body, **ASYNC)
        manifest = await polled(served, begun.headers["content-location"])
        assert names(await lines(served, manifest)) == {"Group/g"}


async def test_it_shows_how_far_it_is_and_holds_the_moment_it_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_files, "STEP", 4)
    async with serving(tmp_path) as served:
        await fill(served)
        begun = await served.get("$export", **ASYNC)
        address = begun.headers["content-location"]
        shown = await served.get(address)
        assert (shown.status_code, shown.headers["x-progress"]) == (202, "33 % of 12 resources")
        served.clock.pass_seconds(60)
        await served.put({"resourceType": "Patient", "id": "ann", "gender": "female"})
        await served.put({"resourceType": "Patient", "id": "late"})
        await served.send("DELETE", "Observation/cy-1", b"")
        manifest = await polled(served, address)
        found = await lines(served, manifest)
    assert names(found) == EVERYTHING
    assert {one["meta"]["versionId"] for one in found["Patient"]} == {"1"}
    assert manifest["transactionTime"] == "2024-03-01T12:03:00.000Z"
    assert [file["count"] for file in manifest["output"]] == [1, 3, 3, 1, 1, 3]  # never more than a step


async def test_it_goes_on_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_files, "STEP", 5)
    async with serving(tmp_path) as served:
        await fill(served)
        address = (await served.get("$export", **ASYNC)).headers["content-location"]
        assert (await served.get(address)).status_code == 202
    async with serving(tmp_path) as served:
        assert names(await lines(served, await polled(served, address))) == EVERYTHING


async def test_a_file_is_sent_packed_to_who_takes_that(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await fill(served)
        url = (await finished(served, "$export?_type=Patient"))["output"][0]["url"]
        replies = [await served.get(url, accept_encoding=one) for one in ("identity", "gzip")]
    assert [reply.headers.get("content-encoding") for reply in replies] == [None, "gzip"]
    assert replies[0].text == replies[1].text


async def test_it_is_forgotten_when_told_and_after_a_day(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await fill(served)
        first, second = [(await served.get("$export", **ASYNC)).headers["content-location"] for _ in range(2)]
        ready = await served.get(first)
        [url] = [file["url"] for file in ready.json()["output"] if file["type"] == "Group"]
        assert (await served.send("DELETE", first, b"")).status_code == 202
        for reply in (await served.get(first), await served.get(url), await served.send("DELETE", first, b"")):
            assert (reply.status_code, "ask for it anew" in problem(reply)) == (404, True)
        expires = parsedate_to_datetime((await served.get(second)).headers["expires"])
        served.clock.pass_seconds((expires - served.clock.moment).total_seconds() + 1)
        assert (await served.get(second)).status_code == 404
        assert (await served.get("$export", **ASYNC)).status_code == 202


async def refused(served: Served, method: str, path: str, body: object = b"", **headers: str) -> httpx.Response:
    return await served.send(method, path, body, **headers)


@pytest.mark.parametrize(
    ("path", "headers", "status", "words"),
    [
        ("$export", {}, 400, "respond-async"),
        ("$export?_typeFilter=Patient%3Fgender%3Dmale", ASYNC, 400, "_type, _since"),
        ("$export?_type=Nothing", ASYNC, 400, "_type"),
        ("$export?_since=yesterday", ASYNC, 400, "_since"),
        ("$export?_outputFormat=csv", ASYNC, 400, "ndjson"),
        ("Group/none/$export", ASYNC, 404, "no such Group"),
        ("_export/none", {}, 404, "no such export"),
    ],
)
async def test_what_cannot_be_is_refused(
    tmp_path: Path, path: str, headers: dict[str, str], status: int, words: str
) -> None:
    async with serving(tmp_path) as served:
        reply = await served.get(path, **headers)
        assert (reply.status_code, words in problem(reply)) == (status, True), reply.text


async def test_unknown_parameters_are_ignored_where_that_is_preferred(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await fill(served)
        begun = await served.get(
            "$export?_type=Group&organizeOutputBy=Patient", prefer="respond-async, handling=lenient"
        )
        manifest = await polled(served, begun.headers["content-location"])
        assert manifest["request"] == "http://sandbox.test/fhir/$export?_type=Group"


async def test_there_is_an_end_to_how_many_are_kept(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        for _ in range(MOST_JOBS):
            await served.get("$export", **ASYNC)
        reply = await served.get("$export", **ASYNC)
        assert (reply.status_code, "delete one" in problem(reply)) == (429, True)
