"""Servers that fail or mean harm, over real sockets: each ends in one clear sentence, in time, with bounded memory."""

from __future__ import annotations

import base64
import gzip
import time
from typing import Any

import pytest

from tests.unit.fhir.raw_server import RawServer, Say, answer, drip, flood, headers_then_silence, raw, silence
from tools.fhir.attachments import AttachmentBudget, with_attachments
from tools.fhir.auth import BearerAuth
from tools.fhir.client import FhirClient
from tools.fhir.errors import FhirError, FhirGarbled, FhirRefused, FhirUnreachable, WrongPatient
from tools.fhir.limits import Limits
from tools.fhir.read_chart import Ask, pointed_at, read_chart
from tools.fhir.scope import PatientScope
from tools.fhir.search_chart import search_chart
from tools.fhir.wire import dump

QUICK = Limits(request_seconds=0.6, attempts=2, backoff_seconds=0.01, longest_wait_seconds=1.5)
PATIENT = b'{"resourceType":"Patient","id":"p"}'
TOKEN = BearerAuth(token="s3cret")  # noqa: S106
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><Patient xmlns="http://hl7.org/fhir"><id value="&c;"/></Patient>'
)
DEEP = b'{"resourceType":"Patient","id":"p","a":' + b'{"a":[' * 600 + b"1" + b"]}" * 600 + b"}"


def reader(server: RawServer, **limits: Any) -> FhirClient:
    return FhirClient(server.base, limits=Limits(**limits) if limits else QUICK)


async def reads(*says: Say) -> bool:
    """Whether a patient can be read all the same."""
    async with raw({"/fhir/Patient": list(says)}) as server, reader(server) as client:
        return bool((await client.read("Patient", "p"))["id"] == "p")


async def failure(*says: Say, limits: Limits = QUICK) -> FhirError:
    """How reading a patient fails, with what it cost in time checked."""
    async with raw({"/fhir/Patient": list(says)}) as server:
        started = time.monotonic()
        async with FhirClient(server.base, limits=limits, auth=TOKEN) as client:
            with pytest.raises(FhirError) as raised:
                await client.read("Patient", "p")
        assert time.monotonic() - started < 20
    assert "s3cret" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize("hang", [silence, headers_then_silence, drip])
async def test_a_server_that_hangs_is_given_up(hang: Say) -> None:
    error = await failure(hang)
    assert isinstance(error, FhirUnreachable)
    assert "did not answer within 0.6 seconds" in str(error)


@pytest.mark.parametrize(
    ("say", "said"),
    [
        (answer(b"<html><body>Welcome</body></html>", kind="text/html"), "a web page or XML"),
        (answer(LAUGHS, kind="application/fhir+xml"), "a web page or XML"),
        (answer(PATIENT[:20]), "broken or incomplete JSON"),
        (answer(b"", kind="text/plain"), "broken or incomplete JSON"),
        (answer(b"[1, 2]"), "not FHIR JSON"),
        (answer(b'{"resourceType": 7}'), "not FHIR JSON"),
        (answer(DEEP), "broken or incomplete JSON"),
        (answer(b"\xff\xfe\x00"), "broken or incomplete JSON"),
        (answer(b'{"resourceType":"Patient","id":"q"}'), "another resource than the one asked for"),
        (answer(PATIENT, content_encoding="gzip"), "not FHIR JSON"),
    ],
    ids=range(10),
)
async def test_what_is_not_the_resource_asked_for_is_named(say: Say, said: str) -> None:
    error = await failure(say)
    assert isinstance(error, FhirGarbled)
    assert said in str(error)


async def test_json_under_a_wrong_content_type_is_read() -> None:
    assert await reads(answer(PATIENT, kind="text/html; charset=latin-1"))


async def test_half_a_body_is_tried_again_and_then_said() -> None:
    async def half(writer: Any) -> None:
        await answer(PATIENT, length=500)(writer)
        writer.close()

    assert "broke the connection off" in str(await failure(half))
    assert await reads(half, answer(PATIENT))


DATED = "Sat, 21 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize("status", ["429 Too Many", "502 Bad Gateway", "503 Busy", "504 Late"])
@pytest.mark.parametrize(
    "wait",
    [
        {},
        {"retry_after": "1"},
        {"retry_after": "Sat, 21 Nov 2026 10:00:01 GMT", "date": DATED},
        {"retry_after": "soon"},
    ],
    ids=["none", "seconds", "date", "nonsense"],
)
async def test_too_busy_is_waited_for_as_asked(status: str, wait: dict[str, Any]) -> None:
    started = time.monotonic()
    assert await reads(answer(b"", status=status, **wait), answer(PATIENT))
    assert time.monotonic() - started >= (1 if len(wait) and "soon" not in wait.values() else 0)


@pytest.mark.parametrize("wait", ["3600", "Sat, 21 Nov 2026 11:00:00 GMT"])
async def test_a_wait_that_is_too_long_is_said_and_not_waited(wait: str) -> None:
    error = await failure(answer(b"", status="429 Too Many", retry_after=wait, date=DATED))
    assert isinstance(error, FhirUnreachable)
    assert "asks to wait 3600 seconds" in str(error)


async def test_a_small_answer_that_unpacks_without_end_is_cut() -> None:
    size = 40 * 1024 * 1024
    bomb = answer(gzip.compress(b" " * size, 1), content_encoding="gzip")
    async with raw({"/fhir/Patient": [bomb]}) as server, reader(server, body_bytes=1024 * 1024) as client:
        with pytest.raises(FhirGarbled, match="larger than 1048576 bytes"):
            await client.read("Patient", "p")
        assert client.bytes < size / 2, "not unpacked to its end"


# Attachments


def note(url: str, name: str = "d") -> dict[str, Any]:
    subject = {"reference": "Patient/p"}
    return {
        "resourceType": "DocumentReference",
        "id": name,
        "subject": subject,
        "content": [{"attachment": {"url": url}}],
    }


@pytest.mark.parametrize("announced", [True, False])
async def test_an_attachment_of_200_mb_is_refused_in_a_sentence(announced: bool) -> None:
    async with raw({"/fhir/Binary": [flood(announced)]}) as server, reader(server, attempts=1) as client:
        scope = PatientScope(patient_id="p", base_url=server.base)
        found, said = await with_attachments(client, scope, [note("Binary/b")])
        assert said == "1 attachment was not read: it is too large."
        assert client.bytes < 14 * 1024 * 1024
    assert "data" not in found[0]["content"][0]["attachment"]


async def test_attachments_are_read_by_link_from_this_server_within_the_budget() -> None:
    binary = {
        "resourceType": "Binary",
        "id": "b",
        "contentType": "text/plain",
        "data": base64.b64encode(b"Well.").decode(),
    }
    theirs = binary | {"securityContext": {"reference": "Patient/q"}}
    answers = {
        "/fhir/Binary/b": [answer(dump(binary))],
        "/fhir/Binary/q": [answer(dump(theirs))],
        "/fhir/files/1": [answer(b"<p>Hello</p>", kind="text/html")],
        "/fhir/Binary/gone": [answer(b"", status="404 Not Found")],
    }
    async with raw(answers) as server, raw() as elsewhere:
        links = [
            "Binary/b",
            f"{server.base}/files/1",
            "Binary/q",
            f"{elsewhere.base}/Binary/b",
            "Binary/gone",
            "Binary/b",
        ]
        notes = [note(link, f"d{n}") | {"date": f"2026-01-0{9 - n}"} for n, link in enumerate(links)]
        async with FhirClient(server.base, limits=QUICK, auth=TOKEN) as client:
            scope = PatientScope(patient_id="p", base_url=server.base)
            found, said = await with_attachments(client, scope, notes, budget=AttachmentBudget(requests=5))
        assert elsewhere.seen == []
    got = [r["content"][0]["attachment"] for r in found]
    assert [base64.b64decode(a["data"]).decode() if "data" in a else None for a in got] == [
        "Well.",
        "<p>Hello</p>",
        *[None] * 4,
    ]
    assert got[1]["contentType"] == "text/html"
    assert "data" not in notes[0]["content"][0]["attachment"]  # what was read is not changed
    assert said == (
        "4 attachments were not read: the server did not give it; its link leads to another server, where nothing was "
        "asked; there were too many of them."
    )


# The token, and other people


async def test_no_way_out_of_the_server_takes_the_token_or_a_request_along() -> None:
    """Next links, redirects, attachments, absolute references: nothing is asked elsewhere, so nothing can leak."""
    async with raw() as elsewhere, raw() as server:
        away = elsewhere.base
        result = {
            "resourceType": "Observation",
            "id": "o",
            "subject": {"reference": "Patient/p"},
            "performer": [{"reference": f"{away}/Practitioner/x"}, {"reference": f"{away}/Organization?name=x"}],
        }
        page = {"resourceType": "Bundle", "entry": [{"resource": result}], "link": [{"relation": "next", "url": away}]}
        notes = {"resourceType": "Bundle", "entry": [{"resource": note(f"{away}/Binary/b")}]}
        server.answers = {
            "/fhir/Observation": [answer(dump(page))],
            "/fhir/DocumentReference": [answer(dump(notes))],
            "/fhir/Patient": [answer(b"", status="302 Found", location=f"{away}/Patient/p")],
        }
        scope = PatientScope(patient_id="p", base_url=server.base)
        async with FhirClient(server.base, limits=QUICK, auth=TOKEN) as client:
            asks = [Ask(resource_type=kind, coverage_id=kind) for kind in ("Observation", "DocumentReference")]
            found = await read_chart(client, scope, asks)
            await pointed_at(client, scope, found, coverage_id="b")
            with pytest.raises(FhirError, match="leaves the FHIR server"):
                await client.read("Patient", "p")
        assert elsewhere.seen == []
        assert {headers.get("authorization") for _, headers in server.seen} == {"bearer s3cret"}
    assert found[0].coverage.truncated
    assert "leads to another server" in str(found[1].coverage.error)


async def test_a_second_patient_is_refused_and_said_and_a_made_up_id_finds_nobody() -> None:
    mine = {"resourceType": "Observation", "id": "mine", "subject": {"reference": "Patient/p"}}
    theirs = {"resourceType": "Observation", "id": "theirs", "subject": {"reference": "Patient/q"}}
    person = {"resourceType": "Patient", "id": "q"}
    page = {"resourceType": "Bundle", "entry": [{"resource": r} for r in (mine, theirs, person)]}
    async with raw({"/fhir/Observation": [answer(dump(page))]}) as server:
        scope = PatientScope(patient_id="p", base_url=server.base)
        async with FhirClient(server.base, limits=QUICK) as client:
            found = await search_chart(client, scope, "Observation", coverage_id="c1")
            assert [r["id"] for r in found.resources] == ["mine"]
            assert "2 resources were refused" in str(found.coverage.error)
            for asked in (("patient", "q"), ("subject", "Patient/q"), ("subject:Patient.name", "x"), ("_has:x", "y")):
                with pytest.raises(WrongPatient):
                    await search_chart(client, scope, "Observation", coverage_id="c2", params=[asked])
            with pytest.raises(FhirRefused):
                await client.read("Observation/../Patient", "q")


async def test_a_bundle_of_nonsense_is_garbled_and_never_a_bug() -> None:
    entries: list[Any] = [None, 7, {}, {"resource": None}, {"resource": {"resourceType": 3}}, {"resource": [1]}]
    for entry in entries:
        page = {"resourceType": "Bundle", "entry": [entry]}
        async with raw({"/fhir/Observation": [answer(dump(page))]}) as server:
            scope = PatientScope(patient_id="p")
            async with FhirClient(server.base, limits=QUICK) as client:
                found = await search_chart(client, scope, "Observation", coverage_id="c1")
        assert found.resources == ()
        assert found.coverage.error
