"""Reading from the sandbox by every way: side by side, by `$everything`, and what changed; all give the same chart."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agents.plan import MUST_LOOK
from preround.sandbox.app import create_sandbox
from tests.depth import depth
from tools.evidence import Evidence
from tools.fhir import refresh
from tools.fhir.client import FhirClient
from tools.fhir.read_chart import Ask, pointed_at, read_chart
from tools.fhir.scope import PatientScope
from tools.fhir.transport import Transport, in_process
from tools.fhir.wire import dump

BASE = "http://sandbox.test/fhir"
START = datetime(2024, 3, 1, 12, tzinfo=UTC)
ASKS = [Ask(resource_type=kind, coverage_id=f"c{n}") for n, kind in enumerate(MUST_LOOK)]
SCOPE = PatientScope(patient_id="p", base_url=BASE)
CHARTS = depth("REFRESHES", 12)


class Dated:
    """The sandbox as servers are: it says the time, by a clock that the test moves; `hides` offers less."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.at = START
        self.hides: set[str] = set()
        self.refuses = "nothing"
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode()
        self.asked.append(f"{scope['method']} {scope['path'].removeprefix('/fhir/')}?{query}")
        if scope["path"].endswith(self.refuses):
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        body = b""

        async def dated(message: Message) -> None:
            nonlocal body
            if message["type"] == "http.response.start":
                date = (b"date", format_datetime(self.at, usegmt=True).encode())
                kept = [h for h in message["headers"] if h[0] != b"content-length" or not hiding]
                message = {**message, "headers": [*kept, date]}
            elif hiding:
                body += message.get("body", b"")
                if message.get("more_body"):
                    return
                for word in self.hides:
                    body = body.replace(word.encode(), word[::-1].encode())
                message = {**message, "body": body}
            await send(message)

        hiding = scope["path"].endswith("/metadata") and bool(self.hides)
        await self.app(scope, receive, dated)


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[tuple[Dated, Transport]]:
    clock: list[Dated] = []
    app = create_sandbox(folder / "sandbox.sqlite", now=lambda: clock[0].at)
    clock.append(Dated(app))
    try:
        yield clock[0], in_process(clock[0])
    finally:
        app.state.database.close()


def owned(kind: str, name: str, patient: str = "p", **more: Any) -> dict[str, Any]:
    subject = {"patient" if kind == "AllergyIntolerance" else "subject": {"reference": f"Patient/{patient}"}}
    code = {} if kind in ("Encounter", "DocumentReference") else {"code": {"text": name}}
    status = {} if kind in ("Condition", "AllergyIntolerance") else {"status": "final"}
    return {"resourceType": kind, "id": name, **status, **code, **subject, **more}


PEOPLE = [{"resourceType": "Patient", "id": name} for name in ("p", "q")]


class Keeper:
    """Whoever changes the record while we read it."""

    def __init__(self, transport: Transport) -> None:
        self.http = httpx.AsyncClient(
            transport=transport, base_url=BASE, headers={"content-type": "application/fhir+json"}
        )

    async def put(self, *resources: dict[str, Any]) -> None:
        entries = [
            {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in resources
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        answer = await self.http.post("", content=dump(bundle))
        assert answer.status_code == 200, answer.text

    async def delete(self, reference: str) -> None:
        assert (await self.http.delete(f"/{reference}")).status_code < 300


@asynccontextmanager
async def reading(folder: Path) -> AsyncIterator[tuple[Dated, Keeper, FhirClient]]:
    async with server(folder) as (dated, transport), FhirClient(BASE, transport=transport) as client:
        keeper = Keeper(transport)
        await keeper.put(*PEOPLE)
        yield dated, keeper, client
        await keeper.http.aclose()


def contents(found: Sequence[Evidence]) -> dict[str, dict[str, Any]]:
    return {f"{r['resourceType']}/{r['id']}": r for one in found for r in one.resources}


def lines(found: Sequence[Evidence]) -> list[tuple[str, int, bool, str | None]]:
    return [(e.coverage.id, e.coverage.found, e.coverage.truncated, e.coverage.error) for e in found]


def known(found: Sequence[Evidence]) -> dict[str, Evidence]:
    return {e.taken.resource_type: e for e in found if e.taken}


# By $everything


def some_of_each() -> list[dict[str, Any]]:
    drug = {"resourceType": "Medication", "id": "drug", "code": {"text": "Warfarin"}}
    prescriber = {"resourceType": "Practitioner", "id": "doc", "name": [{"family": "Example"}]}
    order = owned("MedicationRequest", "order", status="active", intent="order")
    order |= {"medicationReference": {"reference": "Medication/drug"}, "requester": {"reference": "Practitioner/doc"}}
    del order["code"]
    others = [owned("Condition", f"c{n}") for n in range(3)] + [owned("Observation", f"o{n}") for n in range(7)]
    foreign = [owned("Condition", "theirs", "q"), owned("Observation", "theirs", "q")]
    return [drug, prescriber, order, owned("AllergyIntolerance", "a"), owned("Procedure", "x"), *others, *foreign]


async def test_everything_and_searches_read_the_same_chart(tmp_path: Path) -> None:
    async with reading(tmp_path) as (dated, keeper, client):
        await keeper.put(*some_of_each())
        found = await read_chart(client, SCOPE, ASKS)
        asked = [a for a in dated.asked if a.startswith("GET") and "metadata" not in a]
        dated.hides = {"everything"}
        async with FhirClient(BASE, transport=in_process(dated)) as other:
            dated.asked.clear()
            searched = await read_chart(other, SCOPE, ASKS)
        assert not any("$everything" in a for a in dated.asked)
    assert contents(found) == contents(searched)
    assert lines(found) == lines(searched)
    assert "Condition/theirs" not in contents(found)
    assert "Medication/drug" in contents(found)
    # One request, and one for each type of which it brought nothing: silence there is not absence.
    empty = [e for e in found if not e.coverage.found]
    assert len(asked) == 1 + len(empty)
    assert all("everything" in e.coverage.query for e in found if e.coverage.found)
    assert all("everything" not in e.coverage.query for e in empty)


async def test_a_server_that_refuses_everything_is_searched(tmp_path: Path) -> None:
    async with reading(tmp_path) as (dated, keeper, client):
        await keeper.put(*some_of_each())
        dated.refuses = "$everything"
        found = await read_chart(client, SCOPE, ASKS)
    assert sum(e.coverage.found for e in found) == 13
    assert [e.coverage.error for e in found if e.coverage.error] == []


async def test_who_is_pointed_at_comes_along_and_somebody_elses_visit_does_not(tmp_path: Path) -> None:
    async with reading(tmp_path) as (dated, keeper, client):
        seen: dict[str, Any] = {
            "encounter": {"reference": "Encounter/theirs"},
            "performer": [{"reference": "Practitioner?identifier=s|1"}],
        }
        visit = owned("Encounter", "theirs", "q", **{"class": {"code": "AMB"}, "status": "finished"})
        known_by = {"identifier": [{"system": "s", "value": "1"}], "resourceType": "Practitioner", "id": "doc"}
        await keeper.put(visit, known_by)
        evidence = Evidence(
            coverage=(await read_chart(client, SCOPE, [Ask(resource_type="Observation", coverage_id="c")]))[0].coverage,
            resources=(owned("Observation", "o", **seen),),
        )
        dated.asked.clear()
        led = await pointed_at(client, SCOPE, [evidence], coverage_id="b")
    assert led is not None
    assert [r["id"] for r in led.resources] == ["doc"]
    assert (led.coverage.found, led.coverage.truncated, led.coverage.error) == (1, True, None)
    assert len(dated.asked) == 2


# What changed since


async def aged(dated: Dated, keeper: Keeper, many: int = refresh.WORTH) -> None:
    await keeper.put(*(owned("Observation", f"o{n}") for n in range(many)))
    dated.at += timedelta(hours=1)


OBSERVATIONS = [Ask(resource_type="Observation", coverage_id="c1")]


async def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    async with reading(tmp_path) as (dated, keeper, client):
        await aged(dated, keeper)
        before = await read_chart(client, SCOPE, OBSERVATIONS)
        dated.at += timedelta(hours=1)
        await keeper.put(owned("Observation", "o3", status="amended"), owned("Observation", "new"))
        size = client.bytes
        found = await read_chart(client, SCOPE, OBSERVATIONS, known=known(before))
        refreshed = client.bytes - size
        dated.asked.clear()
        full = await read_chart(client, SCOPE, OBSERVATIONS)
    assert contents(found) == contents(full)
    assert lines(found) == lines(full)
    assert found[0].coverage.query.endswith("(what changed since the last reading)")
    assert found[0].taken == full[0].taken
    assert refreshed * 10 < client.bytes - size - refreshed


@pytest.mark.parametrize(
    "what", ["deleted", "somebody else's", "not listed", "small", "clocks", "no clock", "another server"]
)
async def test_where_it_can_not_be_shown_to_be_whole_all_is_read(what: str, tmp_path: Path) -> None:
    async with reading(tmp_path) as (dated, keeper, client):
        await aged(dated, keeper, refresh.WORTH - (what == "small"))
        if what == "clocks":
            dated.at -= timedelta(hours=2)  # the server's Date is behind what it stamps on resources
        before = known(await read_chart(client, SCOPE, OBSERVATIONS))
        dated.at += timedelta(hours=3)
        if what == "deleted":
            await keeper.delete("Observation/o3")
        elif what == "somebody else's":
            await keeper.put(owned("Observation", "o3", "q"), owned("Observation", "unrelated", "q"))
        elif what == "no clock":
            before = {k: replace(e, taken=None) for k, e in before.items()}
        elif what == "another server" and (taken := before["Observation"].taken):
            before = {k: replace(e, taken=replace(taken, server="http://other/fhir")) for k, e in before.items()}
        async with FhirClient(BASE, transport=in_process(dated)) as other:
            dated.hides = {"_lastUpdated"} if what == "not listed" else set()
            found = await read_chart(other, SCOPE, OBSERVATIONS, known=before)
            full = await read_chart(other, SCOPE, OBSERVATIONS)
    assert contents(found) == contents(full)
    assert found == full


Change = tuple[str, int, int]
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["put", "delete", "give", "take", "wait", "read"]), st.integers(0, 30), st.integers(0, 40)
    ),
    max_size=25,
)


@settings(max_examples=CHARTS, suppress_health_check=list(HealthCheck))
@given(changes=CHANGES)
async def test_whatever_happens_a_refreshed_chart_is_the_chart(changes: list[Change], tmp_path_factory: Any) -> None:
    """Resources come, change, go, become somebody else's and come back, at any distance in time from the readings."""
    async with reading(tmp_path_factory.mktemp("s")) as (dated, keeper, client):
        await keeper.put(*(owned("Observation", f"o{n}") for n in range(refresh.WORTH + 5)))
        last = await read_chart(client, SCOPE, OBSERVATIONS)
        for version, (what, which, minutes) in enumerate([*changes, ("read", 0, 0)]):
            name = f"o{which}"
            dated.at += timedelta(minutes=minutes if what == "wait" else 0, seconds=1)
            if what in ("put", "give", "take"):
                await keeper.put(owned("Observation", name, "q" if what == "give" else "p", valueInteger=version))
            elif what == "delete":
                await keeper.delete(f"Observation/{name}")
            elif what == "read":
                found = await read_chart(client, SCOPE, OBSERVATIONS, known=known(last))
                full = await read_chart(client, SCOPE, OBSERVATIONS)
                assert contents(found) == contents(full)
                assert lines(found) == lines(full)
                last = found
