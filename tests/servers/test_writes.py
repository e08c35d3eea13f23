"""Writing once, whoever made the server: lost replies, races, stale versions, groups."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.servers.running import FhirServer
from tools.fhir import wire
from tools.fhir.client import FhirClient
from tools.fhir.errors import WriteConflict, WriteRefused, WriteStale
from tools.fhir.limits import Limits
from tools.fhir.stored import WriteEntry
from tools.fhir.write import FhirWriter

QUICK = Limits(request_seconds=5, attempts=3, backoff_seconds=0.01, longest_wait_seconds=0.1)
AIAST = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "AIAST"}


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


class WaitsToWrite(httpx.AsyncHTTPTransport):
    """A network on which the first write waits until everybody is about to write: all have looked and found nothing."""

    def __init__(self, everybody: asyncio.Barrier) -> None:
        super().__init__()
        self._everybody: asyncio.Barrier | None = everybody

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET" and self._everybody is not None:
            everybody, self._everybody = self._everybody, None
            await everybody.wait()
        return await super().handle_async_request(request)


@pytest.fixture
def group(patient: str) -> list[WriteEntry]:
    """A Device, a proposed order, and the Provenance that says where it came from."""
    device = {"resourceType": "Device", "id": str(uuid4()), "status": "active"}
    order = {
        "resourceType": "ServiceRequest",
        "id": str(uuid4()),
        "meta": {"security": [AIAST]},
        "status": "draft",
        "intent": "proposal",
        "subject": {"reference": f"Patient/{patient}"},
        "code": {"text": "HbA1c"},
        "quantityQuantity": {"value": Decimal("1.5")},
    }
    provenance = {
        "resourceType": "Provenance",
        "id": str(uuid4()),
        "target": [{"reference": f"ServiceRequest/{order['id']}"}],
        "recorded": "2021-08-01T00:00:00Z",
        "agent": [{"who": {"reference": f"Device/{device['id']}"}}],
    }
    return [WriteEntry(resource=one, key=key) for one, key in ((device, "d"), (order, "s"), (provenance, "v"))]


def versions(server: FhirServer, entry: WriteEntry) -> int:
    return len(server.get(f"{entry.reference}/_history")["entry"])


async def test_a_group_is_written_and_found_again(fhir_server: FhirServer, group: list[WriteEntry]) -> None:
    async with FhirWriter(fhir_server.base, limits=QUICK) as writer:
        assert await writer.find(group) == {}
        first = await writer.write_once(group)
        again = await writer.write_once(group)
        found = await writer.find(group)
    assert first == again == tuple(found[entry.key] for entry in group)
    assert [stored.reference for stored in first] == [entry.reference for entry in group]
    assert first[1].sha256 == wire.sha256(group[1].resource)
    assert [versions(fhir_server, entry) for entry in group] == [1, 1, 1]


async def test_lost_replies_make_one(fhir_server: FhirServer, group: list[WriteEntry]) -> None:
    async with FhirWriter(fhir_server.base, limits=QUICK, transport=LosesReplies(2)) as writer:
        await writer.write_once(group)
    assert [versions(fhir_server, entry) for entry in group] == [1, 1, 1]


async def test_four_workers_at_once_leave_one_resource_each(fhir_server: FhirServer, group: list[WriteEntry]) -> None:
    async def work(lost: int) -> Any:
        async with FhirWriter(fhir_server.base, limits=QUICK, transport=LosesReplies(lost)) as writer:
            return await writer.write_once(group)

    results = await asyncio.gather(*(work(lost) for lost in (2, 1, 0, 0)))
    assert {tuple((s.reference, s.sha256) for s in one) for one in results} == {
        tuple((e.reference, wire.sha256(e.resource)) for e in group)
    }


async def test_four_workers_at_once_leave_one_version_each(fhir_server: FhirServer, group: list[WriteEntry]) -> None:
    all_looked = asyncio.Barrier(4)

    async def work() -> None:
        async with FhirWriter(fhir_server.base, limits=QUICK, transport=WaitsToWrite(all_looked)) as writer:
            await writer.write_once(group)

    await asyncio.gather(*(work() for _ in range(4)))
    assert [versions(fhir_server, entry) for entry in group] == [1, 1, 1]


async def test_an_update_goes_over_the_version_that_was_read(fhir_server: FhirServer, group: list[WriteEntry]) -> None:
    async with FhirWriter(fhir_server.base, limits=QUICK) as writer:
        stored = (await writer.write_once(group))[1]
        undone = {**group[1].resource, "status": "entered-in-error"}
        undo = WriteEntry(resource=undone, key="undo", if_match=stored.version)
        (after,) = await writer.write_once([undo])
        assert (await writer.write_once([undo])) == (after,)
        assert after.version != stored.version
        late = WriteEntry(resource={**undone, "status": "revoked"}, key="late", if_match=stored.version)
        with pytest.raises(WriteStale):
            await writer.write_once([late])
    assert versions(fhir_server, group[1]) == 2


async def test_what_is_not_ours_stays(fhir_server: FhirServer, group: list[WriteEntry]) -> None:
    theirs = {**group[1].resource, "code": {"text": "Something else"}, "quantityQuantity": {"value": 2}}
    fhir_server.put(theirs)
    async with FhirWriter(fhir_server.base, limits=QUICK) as writer:
        with pytest.raises(WriteConflict):
            await writer.write_once(group)
    async with FhirClient(fhir_server.base) as client:
        assert (await client.read("ServiceRequest", theirs["id"]))["code"] == {"text": "Something else"}
    assert versions(fhir_server, group[1]) == 1


async def test_what_its_rules_refuse_is_said_and_nothing_of_the_group_stays(
    fhir_server: FhirServer, group: list[WriteEntry]
) -> None:
    bad = WriteEntry(resource={"resourceType": "Provenance", "id": str(uuid4()), "colour": "red"}, key="bad")
    async with FhirWriter(fhir_server.base, limits=QUICK) as writer:
        with pytest.raises(WriteRefused):
            await writer.write_once([*group, bad])
        assert await writer.find(group) == {}
