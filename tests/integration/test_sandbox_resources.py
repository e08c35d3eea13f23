"""One resource at a time: create, read, update, patch, delete, versions and preconditions."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.unit.sandbox.serving import Served, link, problem, serving

ANN = {"resourceType": "Patient", "id": "ann", "name": [{"family": "Archer", "given": ["Ann"]}], "gender": "female"}


@pytest_asyncio.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as served:
        yield served


async def test_a_create_says_where_and_which_version(sandbox: Served) -> None:
    reply = await sandbox.send("POST", "Patient", {**ANN, "id": "chosen-by-the-client"})
    made = reply.json()
    assert reply.status_code == 201
    assert made["id"] != "chosen-by-the-client"
    assert made["meta"] == {"versionId": "1", "lastUpdated": "2024-03-01T12:00:00.000Z"}
    assert reply.headers["location"] == f"http://sandbox.test/fhir/Patient/{made['id']}/_history/1"
    assert reply.headers["etag"] == 'W/"1"'
    assert reply.headers["last-modified"] == "Fri, 01 Mar 2024 12:00:00 GMT"
    read = await sandbox.get(f"Patient/{made['id']}")
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, made, 'W/"1"')
    assert read.headers["content-type"] == "application/fhir+json; charset=utf-8"
    assert (await sandbox.get(f"Patient/{made['id']}", if_none_match='W/"1"')).status_code == 304
    assert (await sandbox.get(f"Patient/{made['id']}", if_none_match='W/"2"')).status_code == 200


async def test_numbers_and_texts_come_back_as_they_were_sent(sandbox: Served) -> None:
    body = (
        '{"resourceType":"Observation","id":"o","status":"final","code":{"text":"naïve \\u00e9 \\ud83d\\ude00"},'
        '"component":[{"code":{"text":"a"},"valueQuantity":{"value":3.10}},{"code":{"text":"b"},"valueQuantity":{"value":1.0}},'
        '{"code":{"text":"c"},"valueQuantity":{"value":1e3}},{"code":{"text":"d"},"valueQuantity":{"value":0.1}}]}'
    )
    await sandbox.send("PUT", "Observation/o", body)
    by_read = (await sandbox.get("Observation/o")).text
    by_search = (await sandbox.get("Observation?_id=o")).text
    by_history = (await sandbox.get("Observation/o/_history")).text
    patched = await sandbox.send(
        "PATCH",
        "Observation/o",
        '[{"op":"add","path":"/valueQuantity","value":{"value":2.50}}]',
        content_type="application/json-patch+json",
    )
    assert '"value":2.50' in patched.text
    for text in (by_read, by_search, by_history, patched.text):
        assert [text.count(f'"value":{literal}}}') for literal in ("3.10", "1.0", "1e3", "0.1")] == [1, 1, 1, 1]
        assert "naïve é 😀" in text


async def test_an_update_makes_a_version_and_history_keeps_all(sandbox: Served) -> None:
    created = await sandbox.put(ANN)
    sandbox.clock.pass_seconds(60)
    updated = await sandbox.put({**ANN, "active": True})
    deleted = await sandbox.client.delete("Patient/ann")
    again = await sandbox.put({**ANN, "active": False})
    assert [one.status_code for one in (created, updated, deleted, again)] == [201, 200, 204, 201]
    assert [one.headers["etag"] for one in (created, updated, deleted, again)] == [f'W/"{n}"' for n in (1, 2, 3, 4)]
    history = (await sandbox.get("Patient/ann/_history")).json()
    assert [entry["request"]["method"] for entry in history["entry"]] == ["PUT", "DELETE", "PUT", "PUT"]
    assert [entry.get("resource", {}).get("active") for entry in history["entry"]] == [False, None, True, None]
    assert (await sandbox.get("Patient/ann/_history/1")).json() == created.json()
    assert (await sandbox.get("Patient/ann/_history/2")).json()["meta"]["lastUpdated"] == "2024-03-01T12:01:00.000Z"
    assert (await sandbox.get("Patient/ann/_history/3")).status_code == 410
    assert (await sandbox.get("Patient/ann/_history/9")).status_code == 404


async def test_the_search_follows_each_version(sandbox: Served) -> None:
    await sandbox.put(ANN)
    assert await sandbox.found("Patient?family=archer") == ["ann"]
    await sandbox.put({**ANN, "name": [{"family": "Baker"}]})
    assert await sandbox.found("Patient?family=archer") == []
    assert await sandbox.found("Patient?family=baker") == ["ann"]
    await sandbox.client.delete("Patient/ann")
    for query in ("family=baker", "_id=ann", "gender:not=male", "birthdate:missing=true", ""):
        assert await sandbox.found(f"Patient?{query}") == []


async def test_what_is_gone_or_never_was(sandbox: Served) -> None:
    assert (await sandbox.get("Patient/nobody")).status_code == 404
    assert (await sandbox.get("Patient/nobody/_history")).status_code == 404
    assert (await sandbox.client.delete("Patient/nobody")).status_code == 204
    await sandbox.put(ANN)
    await sandbox.client.delete("Patient/ann")
    assert (await sandbox.client.delete("Patient/ann")).status_code == 204
    gone = await sandbox.get("Patient/ann")
    assert (gone.status_code, problem(gone)) == (410, "This Patient was deleted; its history can still be read.")
    assert len((await sandbox.get("Patient/ann/_history")).json()["entry"]) == 2


@pytest.mark.parametrize("etag", ['W/"1"', '"1"'])
async def test_if_match_lets_only_the_current_version_be_changed(sandbox: Served, etag: str) -> None:
    await sandbox.put(ANN)
    assert (await sandbox.put({**ANN, "active": True}, if_match=etag)).status_code == 200
    stale = await sandbox.put({**ANN, "active": False}, if_match=etag)
    assert stale.status_code == 412
    assert problem(stale)
    patch = [{"op": "remove", "path": "/gender"}]
    assert (await sandbox.send("PATCH", "Patient/ann", patch, if_match=etag)).status_code == 412
    assert (await sandbox.client.delete("Patient/ann", headers={"if-match": etag})).status_code == 412
    assert (await sandbox.get("Patient/ann")).json()["active"] is True
    assert (await sandbox.put({**ANN, "id": "new"}, if_match=etag)).status_code == 412
    assert (await sandbox.put(ANN, if_match="1")).status_code == 400
    assert (await sandbox.client.delete("Patient/ann", headers={"if-match": 'W/"2"'})).status_code == 204


async def test_if_none_match_star_only_creates(sandbox: Served) -> None:
    assert (await sandbox.put(ANN, if_none_match="*")).status_code == 201
    assert (await sandbox.put(ANN, if_none_match="*")).status_code == 412
    await sandbox.client.delete("Patient/ann")
    assert (await sandbox.put(ANN, if_none_match="*")).status_code == 201
    assert (await sandbox.put(ANN, if_none_match='W/"1"')).status_code == 400


def known(value: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": value}], **elements}


async def test_conditional_create_writes_once(sandbox: Served) -> None:
    first = await sandbox.send("POST", "Patient", known("1"), if_none_exist="identifier=urn:mrn|1")
    second = await sandbox.send("POST", "Patient", known("1", active=True), if_none_exist="identifier=urn:mrn|1")
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()
    await sandbox.create(known("1"))
    many = await sandbox.send("POST", "Patient", known("1"), if_none_exist="identifier=urn:mrn|1")
    assert many.status_code == 412
    assert (await sandbox.send("POST", "Patient", known("1"), if_none_exist="nonsense=1")).status_code == 400
    assert (await sandbox.send("POST", "Patient", known("1"), if_none_exist="_count=1")).status_code == 400
    assert len(await sandbox.found("Patient?identifier=urn:mrn|1")) == 2


async def test_conditional_update(sandbox: Served) -> None:
    made = await sandbox.send("PUT", "Patient?identifier=urn:mrn|1", known("1"))
    again = await sandbox.send("PUT", "Patient?identifier=urn:mrn|1", known("1", active=True))
    named = await sandbox.send("PUT", "Patient?identifier=urn:mrn|2", known("2", id="two"))
    assert [one.status_code for one in (made, again, named)] == [201, 200, 201]
    assert again.json()["id"] == made.json()["id"]
    assert named.json()["id"] == "two"
    other = await sandbox.send("PUT", "Patient?identifier=urn:mrn|1", known("1", id="two"))
    taken = await sandbox.send("PUT", "Patient?identifier=urn:mrn|3", known("3", id="two"))
    await sandbox.create(known("1"))
    many = await sandbox.send("PUT", "Patient?identifier=urn:mrn|1", known("1"))
    assert [one.status_code for one in (other, taken, many)] == [400, 409, 412]


async def test_json_patch(sandbox: Served) -> None:
    await sandbox.put({**ANN, "birthDate": "1980"})

    async def patch(operations: object, kind: str = "application/json-patch+json") -> int:
        return (await sandbox.send("PATCH", "Patient/ann", operations, content_type=kind)).status_code

    assert (
        await patch([{"op": "test", "path": "/gender", "value": "female"}, {"op": "remove", "path": "/gender"}]) == 200
    )
    stored = (await sandbox.get("Patient/ann")).json()
    assert ("gender" in stored, stored["meta"]["versionId"], stored["birthDate"]) == (False, "2", "1980")
    assert await patch([{"op": "test", "path": "/birthDate", "value": "1981"}]) == 422
    assert await patch([{"op": "remove", "path": "/nothing"}]) == 422
    assert await patch([{"op": "replace", "path": "/id", "value": "bob"}]) == 422
    assert await patch([{"op": "add", "path": "/bogus", "value": 1}]) == 422
    assert await patch([{"op": "dance", "path": "/id"}]) == 422
    assert await patch({"op": "remove"}) == 400
    assert await patch("<diff/>", "application/xml") == 415
    assert (await sandbox.send("PATCH", "Patient/nobody", [])).status_code == 404
    assert (await sandbox.get("Patient/ann")).json() == stored


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "Patient", "{", 400),
        ("POST", "Patient", "[]", 400),
        ("POST", "Patient", "{}", 400),
        ("POST", "Patient", '{"resourceType":"Observation"}', 400),
        ("PUT", "Patient/a", '{"resourceType":"Patient","id":"b"}', 400),
        ("PUT", "Patient/a", '{"resourceType":"Patient"}', 400),
        ("PUT", "Patient/a_b", '{"resourceType":"Patient","id":"a_b"}', 400),
        ("POST", "Patient", '{"resourceType":"Patient","meta":"x"}', 400),
        ("POST", "Patient", '{"resourceType":"Patient","bogus":1}', 422),
        ("POST", "Patient", '{"resourceType":"Patient","birthDate":"1980-13-01"}', 422),
        ("POST", "Patient", '{"resourceType":"Patient","contained":[{"resourceType":"Nothing"}]}', 422),
        ("POST", "Nothing", '{"resourceType":"Nothing"}', 404),
        ("POST", "", '{"resourceType":"Bundle","type":"collection"}', 400),
        ("POST", "", '{"resourceType":"Patient"}', 400),
        ("DELETE", "Patient", "", 405),
        ("PUT", "metadata", "", 405),
        ("GET", "", "", 405),
        ("GET", "Patient/a/b/c/d", "", 404),
        ("POST", "Patient/$nothing", "", 404),
    ],
)
async def test_a_bad_request_is_refused_with_the_reason(
    sandbox: Served, method: str, path: str, body: str, status: int
) -> None:
    reply = await sandbox.send(method, path, body)
    assert (reply.status_code, bool(problem(reply))) == (status, True)
    assert "entry" not in (await sandbox.get("_history")).json()


async def test_media_types_and_sizes(tmp_path: Path) -> None:
    async with serving(tmp_path, max_body_bytes=1000) as sandbox:
        assert (await sandbox.send("POST", "Patient", ANN, content_type="text/xml")).status_code == 415
        assert (await sandbox.get("Patient", accept="application/fhir+xml")).status_code == 406
        assert (await sandbox.get("Patient?_format=xml")).status_code == 406
        assert (await sandbox.get("Patient?_format=json", accept="application/fhir+json, */*;q=0.1")).status_code == 200
        big = await sandbox.send("POST", "Patient", {**ANN, "language": "x" * 1000})
        assert (big.status_code, bool(problem(big))) == (413, True)
        assert (await sandbox.client.head("Patient")).content == b""


async def test_prefer(sandbox: Served) -> None:
    minimal = await sandbox.send("POST", "Patient", ANN, prefer="return=minimal")
    outcome = await sandbox.send("POST", "Patient", ANN, prefer="return=OperationOutcome")
    assert (minimal.status_code, minimal.content) == (201, b"")
    assert outcome.json()["resourceType"] == "OperationOutcome"


async def test_binaries_come_raw_or_as_json(sandbox: Served) -> None:
    pdf = b"%PDF-1.4 \x00\xff"
    made = await sandbox.send("POST", "Binary", pdf, content_type="application/pdf")
    assert made.json()["data"] == base64.b64encode(pdf).decode()
    path = f"Binary/{made.json()['id']}"
    raw = await sandbox.get(path, accept="application/pdf")
    assert (raw.content, raw.headers["content-type"]) == (pdf, "application/pdf")
    assert (await sandbox.get(path)).json() == made.json()
    replaced = await sandbox.send("PUT", path, b"plain", content_type="text/plain")
    assert (replaced.status_code, replaced.json()["contentType"]) == (200, "text/plain")


async def test_validate_reports_and_stores_nothing(sandbox: Served) -> None:
    async def issues(body: dict[str, Any]) -> list[tuple[str, str]]:
        reply = await sandbox.send("POST", "Observation/$validate", body)
        assert reply.status_code == 200
        return [(issue["severity"], issue.get("expression", [""])[0]) for issue in reply.json()["issue"]]

    bare = {"resourceType": "Observation", "status": "final"}
    assert await issues(bare) == [("error", "Observation.code")]
    good = {**bare, "code": {"text": "x"}}
    assert await issues(good) == [("information", "")]
    wrapped = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": {**good, "bogus": 1}}]}
    assert await issues(wrapped) == [("error", "Observation.bogus")]
    assert (await sandbox.send("POST", "Patient/$validate", good)).status_code == 400
    assert await sandbox.found("Observation") == []


async def test_missing_elements_are_stored_as_senders_left_them(sandbox: Served) -> None:
    assert (await sandbox.send("POST", "Observation", {"resourceType": "Observation"})).status_code == 201


async def test_histories_of_a_type_and_of_all(sandbox: Served) -> None:
    for number in range(5):
        await sandbox.put({**ANN, "id": f"p{number}"})
        sandbox.clock.pass_seconds(1)
    await sandbox.send("POST", "Observation", {"resourceType": "Observation"})
    assert len((await sandbox.get("_history")).json()["entry"]) == 6
    since = (await sandbox.get("Patient/_history?_since=2024-03-01T12:00:03Z")).json()
    assert [entry["resource"]["id"] for entry in since["entry"]] == ["p4", "p3"]
    seen, address = [], "Patient/_history?_count=2"
    while address:
        page = (await sandbox.get(address)).json()
        seen += [entry["resource"]["id"] for entry in page["entry"]]
        address = link(page, "next") or ""
    assert seen == ["p4", "p3", "p2", "p1", "p0"]
    assert (await sandbox.get("Patient/_history?_since=yesterday")).status_code == 400


async def test_conditional_references_are_resolved_on_every_write(sandbox: Served) -> None:
    flag = {"resourceType": "Flag", "status": "active", "code": {"text": "x"}}
    flag["subject"] = {"reference": "Patient?identifier=urn:mrn|1"}
    assert (await sandbox.send("POST", "Flag", flag)).status_code == 412
    patient = await sandbox.create(known("1"))
    assert (await sandbox.create(flag))["subject"] == {"reference": f"Patient/{patient['id']}"}
    await sandbox.create(known("1"))
    assert (await sandbox.send("POST", "Flag", flag)).status_code == 412
