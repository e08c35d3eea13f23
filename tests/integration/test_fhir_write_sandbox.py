"""The writer on the embedded sandbox: one approval, one write, also when two workers or a lost reply get in between."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from preround.sandbox.app import create_sandbox
from tests.unit.fhir.socket_server import served
from tools.fhir import wire
from tools.fhir.client import FhirClient
from tools.fhir.errors import WriteConflict, WriteRefused, WriteStale
from tools.fhir.limits import Limits
from tools.fhir.stored import WriteEntry
from tools.fhir.write import FhirWriter

QUICK = Limits(request_seconds=5, attempts=3, backoff_seconds=0.01, longest_wait_seconds=0.1)
AIAST = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "AIAST"}


@pytest.fixture
async def base(tmp_path: Path) -> AsyncIterator[str]:
    app = create_sandbox(tmp_path / "sandbox.sqlite", now=lambda: datetime(2021, 8, 1, tzinfo=UTC))
    async with served(app) as url:
        yield url
    app.state.database.close()


def proposal(**fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": "5b2a1a8e-0b9c-5a37-9b63-0d8f4a4c2f10",
        "meta": {"security": [AIAST]},
        "status": "draft",
        "intent": "proposal",
        "subject": {"reference": "Patient/p1"},
        "code": {"text": "HbA1c"},
        "quantityQuantity": {"value": Decimal("1.00")},
        **fields,
    }


def group() -> list[WriteEntry]:
    device = {"resourceType": "Device", "id": "d1", "status": "active"}
    provenance = {
        "resourceType": "Provenance",
        "id": "v1",
        "target": [{"reference": f"ServiceRequest/{proposal()['id']}"}],
        "recorded": "2021-08-01T00:00:00Z",
        "agent": [{"who": {"reference": "Device/d1"}}],
    }
    entries = ((device, "d"), (proposal(), "s"), (provenance, "v"))
    return [WriteEntry(resource=resource, key=key) for resource, key in entries]


class LosesReplies(httpx.AsyncHTTPTransport):
    """A network that delivers every write and loses the first replies to them."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if request.method != "GET" and self.count:
            self.count -= 1
            await response.aread()
            await response.aclose()
            raise httpx.ReadError("lost", request=request)
        return response


async def test_four_workers_and_lost_replies_make_one(base: str) -> None:
    networks = [LosesReplies(2), LosesReplies(1), LosesReplies(0), LosesReplies(0)]

    async def work(network: LosesReplies) -> Any:
        async with FhirWriter(base, transport=network, limits=QUICK) as writer:
            return await writer.write_once(group())

    results = await asyncio.gather(*(work(network) for network in networks))
    assert all(result == results[0] for result in results)
    assert [stored.version for stored in results[0]] == ["1", "1", "1"]
    assert results[0][1].sha256 == wire.sha256(proposal())
    async with FhirClient(base) as client:
        assert await client.count("ServiceRequest") == 1
        kept = await client.read("ServiceRequest", proposal()["id"])
    assert wire.literal(kept["quantityQuantity"]["value"]) == "1.00"


async def test_taking_back_goes_over_the_version_that_was_read(base: str) -> None:
    async with FhirWriter(base, limits=QUICK) as writer:
        await writer.write_once(group())
        undo = WriteEntry(resource=proposal(status="entered-in-error"), key="undo", if_match="1")
        (stored,) = await writer.write_once([undo])
        assert stored.version == "2"
        assert (await writer.write_once([undo])) == (stored,)
        with pytest.raises(WriteStale):
            await writer.write_once([WriteEntry(resource=proposal(status="revoked"), key="late", if_match="1")])
        # The first write did happen, whatever came later: it is found, not repeated.
        assert (await writer.find(group()))["s"].version == "1"


async def test_what_is_not_ours_stays(base: str) -> None:
    async with FhirWriter(base, limits=QUICK) as writer:
        await writer.write_once([WriteEntry(resource=proposal(code={"text": "Something else"}), key="x")])
        with pytest.raises(WriteConflict):
            await writer.write_once(group())
    async with FhirClient(base) as client:
        assert await client.count("Device") == 0
        assert (await client.read("ServiceRequest", proposal()["id"]))["code"] == {"text": "Something else"}


async def test_a_group_is_written_whole_or_not_at_all(base: str) -> None:
    entries = group()
    bad = WriteEntry(resource={"resourceType": "Provenance", "id": "v2", "colour": "red"}, key="bad")
    async with FhirWriter(base, limits=QUICK) as writer:
        with pytest.raises(WriteRefused):
            await writer.write_once([*entries, bad])
        assert await writer.find(entries) == {}
