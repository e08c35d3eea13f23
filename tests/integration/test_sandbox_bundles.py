"""Batches and transactions."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.unit.sandbox.serving import Served, ids, problem, serving

A, B = "urn:uuid:0a0a0a0a-0000-4000-8000-00000000000a", "urn:uuid:0b0b0b0b-0000-4000-8000-00000000000b"


@pytest_asyncio.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as served:
        yield served


def bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(
    method: str, url: str, resource: dict[str, Any] | None = None, full_url: str = "", **request: str
) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        made["resource"] = resource
    if full_url:
        made["fullUrl"] = full_url
    return made


def patient(value: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": value}], **elements}


def flag(reference: str, **elements: Any) -> dict[str, Any]:
    return {
        "resourceType": "Flag",
        "status": "active",
        "code": {"text": "falls"},
        "subject": {"reference": reference},
        **elements,
    }


async def test_references_between_entries_are_rewritten(sandbox: Served) -> None:
    narrative = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{A}">x</a></div>'}
    sent = bundle(
        "transaction",
        entry("POST", "Flag", flag(A, text=narrative, identifier=[{"system": "urn:ietf:rfc:3986", "value": A}])),
        entry("POST", "Patient", patient("1", id="chosen"), A),
        entry("PUT", "Patient/two", patient("2", id="two"), B),
        entry("POST", "Flag", flag(B)),
        entry("GET", "Flag?subject=Patient/two"),
    )
    reply = await sandbox.send("POST", "", sent)
    assert (reply.status_code, reply.json()["type"]) == (200, "transaction-response")
    answers = reply.json()["entry"]
    assert [one["response"]["status"] for one in answers] == [*["201 Created"] * 4, "200 OK"]
    made = answers[1]["response"]
    path = made["location"].removesuffix("/_history/1").removeprefix("http://sandbox.test/fhir/")
    assert (made["etag"], path == "Patient/chosen") == ('W/"1"', False)
    first = (await sandbox.get(answers[0]["response"]["location"])).json()
    assert first["subject"]["reference"] == path
    assert f'href="{path}"' in first["text"]["div"]
    assert first["identifier"][0]["value"] == A
    assert answers[4]["resource"]["total"] == 1
    assert "resource" not in answers[0]


async def test_relative_references_follow_a_create_that_gets_another_id(sandbox: Served) -> None:
    sent = bundle(
        "transaction",
        entry("POST", "Patient", patient("1", id="old"), "http://elsewhere.test/fhir/Patient/old"),
        entry("POST", "Flag", flag("Patient/old")),
        entry("POST", "Flag", flag("http://elsewhere.test/fhir/Patient/old")),
    )
    reply = await sandbox.send("POST", "", sent, prefer="return=representation")
    subject = "Patient/" + reply.json()["entry"][0]["resource"]["id"]
    assert [one["resource"]["subject"]["reference"] for one in reply.json()["entry"][1:]] == [subject, subject]


async def test_all_or_nothing(sandbox: Served) -> None:
    await sandbox.put(patient("0", id="zero"))
    bad = [
        (entry("PUT", "Patient/zero", patient("0", id="zero"), ifMatch='W/"7"'), 412),
        (entry("PUT", "Patient/zero", patient("0", id="zero"), ifNoneMatch="*"), 412),
        (entry("POST", "Patient", {"resourceType": "Patient", "bogus": 1}), 422),
        (entry("POST", "Flag", flag("Patient?identifier=urn:mrn|nobody")), 412),
        (entry("GET", "Patient/nobody"), 404),
        (entry("GET", "Patient?nonsense=1"), 400),
        (entry("PUT", "Patient/x", patient("0", id="y")), 400),
        (entry("DANCE", "Patient"), 400),
        (entry("POST", "Patient/$validate", patient("2")), 400),
        (entry("POST", "Patient"), 400),
        ({"resource": patient("2")}, 400),
    ]
    for number, (last, status) in enumerate(bad):
        sent = bundle("transaction", entry("DELETE", "Patient/zero"), entry("POST", "Patient", patient("1"), A), last)
        if "zero" in str(last):
            sent["entry"].pop(0)
        reply = await sandbox.send("POST", "", sent)
        assert reply.status_code == status, number
        assert problem(reply).startswith(f"Bundle.entry[{len(sent['entry']) - 1}]: ")
        assert await sandbox.found("Patient") == ["zero"]
        assert len((await sandbox.get("_history")).json()["entry"]) == 1


async def test_two_entries_cannot_write_the_same_resource(sandbox: Served) -> None:
    one = entry("PUT", "Patient/a", patient("1", id="a"))
    for other in (
        one,
        entry("DELETE", "Patient/a"),
        entry("PUT", "Patient?identifier=urn:mrn|9", patient("9", id="a")),
    ):
        reply = await sandbox.send("POST", "", bundle("transaction", one, other))
        assert (reply.status_code, await sandbox.found("Patient")) == (400, [])


async def test_a_create_under_a_condition_happens_once(sandbox: Served) -> None:
    condition = "identifier=urn:mrn|1"
    sent = bundle(
        "transaction",
        entry("POST", "Patient", patient("1"), A, ifNoneExist=condition),
        entry("POST", "Patient", patient("1"), B, ifNoneExist=condition),
        entry("POST", "Flag", flag(A)),
        entry("POST", "Flag", flag(B)),
    )
    first = (await sandbox.send("POST", "", sent)).json()["entry"]
    second = (await sandbox.send("POST", "", sent)).json()["entry"]
    assert [one["response"]["status"][:3] for one in first] == ["201", "200", "201", "201"]
    assert [one["response"]["status"][:3] for one in second] == ["200", "200", "201", "201"]
    [only] = await sandbox.found("Patient")
    assert len(await sandbox.found(f"Flag?subject=Patient/{only}")) == 4


async def test_conditional_references_may_match_what_the_bundle_brings(sandbox: Served) -> None:
    sent = bundle(
        "transaction",
        entry("POST", "Flag", flag("Patient?identifier=urn:mrn|1")),
        entry("POST", "Patient", patient("1")),
    )
    assert (await sandbox.send("POST", "", sent)).status_code == 200
    [only] = await sandbox.found("Patient")
    assert len(await sandbox.found(f"Flag?subject={only}")) == 1


async def test_the_order_is_fhirs_whatever_the_order_of_entries(sandbox: Served) -> None:
    await sandbox.put(patient("1", id="old"))
    operations = base64.b64encode(b'[{"op":"add","path":"/active","value":true}]').decode()
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": operations}
    await sandbox.put(patient("2", id="patched"))
    sent = bundle(
        "transaction",
        entry("GET", "Patient?identifier=urn:mrn|1"),
        entry("PATCH", "Patient/patched", binary),
        entry("POST", "Patient", patient("1"), ifNoneExist="identifier=urn:mrn|1"),
        entry("DELETE", "Patient/old"),
    )
    reply = await sandbox.send("POST", "", sent)
    answers = reply.json()["entry"]
    assert [one["response"]["status"][:3] for one in answers] == ["200", "200", "201", "204"]
    [found] = ids(answers[0]["resource"])
    assert found != "old"
    assert (await sandbox.get("Patient/patched")).json()["active"] is True


async def test_a_batch_answers_each_entry_alone(sandbox: Served) -> None:
    sent = bundle(
        "batch",
        entry("POST", "Patient", patient("1")),
        entry("POST", "Patient", {"resourceType": "Patient", "bogus": 1}),
        entry("GET", "Patient/nobody"),
        entry("PUT", "Patient/a", patient("2", id="a"), ifMatch='W/"1"'),
        entry("POST", "", bundle("batch")),
        {"resource": patient("3")},
        entry("POST", "Patient/_search?identifier=urn:mrn|1", {"resourceType": "Parameters"}),
        entry("GET", "http://sandbox.test/fhir/Patient?identifier=urn%3Amrn%7C1"),
    )
    reply = await sandbox.send("POST", "", sent)
    answers = reply.json()["entry"]
    assert [one["response"]["status"][:3] for one in answers] == [
        "201",
        "422",
        "404",
        "412",
        "400",
        "400",
        "200",
        "200",
    ]
    assert answers[2]["response"]["outcome"]["issue"][0]["code"] == "not-found"
    assert [len(ids(one["resource"])) for one in answers[6:]] == [1, 1]
    assert len(await sandbox.found("Patient")) == 1


async def test_numbers_survive_a_bundle(sandbox: Served) -> None:
    text = (
        '{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Observation","status":"final",'
        '"code":{"text":"x"},"valueQuantity":{"value":3.10}},"request":{"method":"POST","url":"Observation"}}]}'
    )
    await sandbox.send("POST", "", text)
    assert '"value":3.10}' in (await sandbox.get("Observation")).text


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_an_empty_bundle_does_nothing(sandbox: Served, kind: str) -> None:
    reply = await sandbox.send("POST", "", {"resourceType": "Bundle", "type": kind})
    assert reply.json() == {"resourceType": "Bundle", "type": f"{kind}-response"}
    assert (await sandbox.send("POST", "", bundle(kind), content_type="text/plain")).status_code == 415
