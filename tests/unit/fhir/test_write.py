"""Writing once: lost replies, races, what a server keeps of it, updates over the version that was read."""

import asyncio
from typing import Any

import pytest

from tests.unit.fhir.conftest import Reach
from tests.unit.fhir.fake_fhir import FakeFhir, Fault, Reply, hang, lose_reply, outcome, status
from tests.unit.fhir.written import AIAST, KINDS, composition, group, only_writes, versions
from tools.fhir import wire
from tools.fhir.errors import (
    WriteConflict,
    WriteRefused,
    WriteStale,
)
from tools.fhir.limits import Limits
from tools.fhir.stored import WriteEntry
from tools.fhir.write import FhirWriter


@pytest.mark.parametrize("transactions", [True, False])
async def test_writing_twice_makes_one(transactions: bool, reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS, transactions=transactions)
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        assert await writer.find(group()) == {}
        first = await writer.write_once(group())
        again = await writer.write_once(group())
        assert await writer.find(group()) == {"k-prov": first[0], "k-comp": first[1]}
    assert first == again
    assert versions(app) == {"Provenance/prov-1": 1, "Composition/our-1": 1}
    assert [(s.reference, s.version) for s in first] == [("Provenance/prov-1", "1"), ("Composition/our-1", "1")]
    assert first[1].sha256 == wire.sha256(composition())
    assert b"3.10" in wire.dump(app.all("Composition")[0])
    assert {method for method, _, _ in app.seen} <= {"GET", "PUT", "POST"}
    assert len(app.sent("POST")) == (1 if transactions else 0)


@pytest.mark.parametrize("transactions", [True, False])
@pytest.mark.parametrize("faults", [[lose_reply], [hang(1)], [status(503)], [status(500)], [status(429), lose_reply]])
async def test_a_reply_that_is_lost_makes_one(
    faults: list[Fault], transactions: bool, reach: Reach, quick: Limits
) -> None:
    app = FakeFhir(types=KINDS, transactions=transactions)
    app.faulty, app.faults = only_writes, list(faults)
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        stored = await writer.write_once(group())
    assert app.faults == []
    assert len(stored) == 2
    assert versions(app) == {"Provenance/prov-1": 1, "Composition/our-1": 1}


async def test_a_lost_reply_on_a_server_that_gives_ids_makes_one(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS, update_create=False)
    app.faulty, app.faults = only_writes, [lose_reply, lose_reply]
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        first = await writer.write_once(group())
        assert await writer.write_once(group()) == first
    assert app.faults == []
    assert len(app.store) == 2
    made = {stored.reference.split("/")[0]: stored.reference for stored in first}
    assert made["Composition"] != "Composition/our-1"
    assert app.all("Provenance")[0]["target"] == [{"reference": made["Composition"]}]
    assert app.all("Composition")[0]["meta"]["security"] == [AIAST]


async def test_our_identifier_is_the_key_where_there_is_one(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS, update_create=False)
    resource = composition(identifier={"system": "urn:ours", "value": "k&1"})
    entry = WriteEntry(resource=resource, key="k&1")
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        first = await writer.write_once([entry])
        assert await writer.write_once([entry]) == first
    assert len(app.store) == 1
    assert "tag" not in app.all("Composition")[0]["meta"]


async def test_a_server_that_can_neither_is_not_written_to(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS, update_create=False, conditional_create=False)
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        with pytest.raises(WriteRefused, match="can't be written safely"):
            await writer.write_once(group())
    assert app.store == {}


async def test_two_workers_at_once_make_one(reach: Reach, quick: Limits) -> None:
    for options in ({}, {"transactions": False}, {"honours_if_none_match": False, "transactions": False}):
        app = FakeFhir(types=KINDS, **options)  # type: ignore[arg-type]
        base, transport = await reach(app)
        async with (
            FhirWriter(base, transport=transport, limits=quick) as one,
            FhirWriter(base, transport=transport, limits=quick) as two,
        ):
            results = await asyncio.gather(one.write_once(group()), two.write_once(group()))
        # A server that ignores If-None-Match may take the same content twice, as two versions of the one resource: each
        # worker then names the version that it read back.
        same = [[(stored.reference, stored.sha256) for stored in result] for result in results]
        assert same[0] == same[1]
        if options.get("honours_if_none_match", True):
            assert results[0] == results[1]
        assert len(app.store) == 2


async def test_a_transaction_that_half_happens_is_completed(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS, rolls_back=False)
    base, transport = await reach(app)

    async def half(server: FakeFhir, _: Any) -> Reply:
        server.put(composition())
        return 409, {}, wire.dump(outcome("busy"))

    app.faulty, app.faults = only_writes, [half]
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        await writer.write_once(group())
    assert versions(app) == {"Composition/our-1": 1, "Provenance/prov-1": 1}


@pytest.mark.parametrize("update_create", [True, False])
async def test_other_content_at_our_place_is_a_conflict(update_create: bool, reach: Reach, quick: Limits) -> None:
    tag = {"system": "urn:preround:key", "code": "k-comp"}
    theirs = composition(title="Another", meta={"tag": [tag]})
    app = FakeFhir(theirs, types=KINDS, update_create=update_create)
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        with pytest.raises(WriteConflict):
            await writer.write_once(group())
        with pytest.raises(WriteConflict):
            await writer.find(group())
    assert versions(app) == {"Composition/our-1": 1}


async def test_a_later_change_by_somebody_is_not_written_over(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS)
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        first = await writer.write_once(group())
        app.put(composition(title="Amended by a person"))
        assert await writer.write_once(group()) == first
        app.delete("Composition", "our-1")
        with pytest.raises(WriteConflict, match="removed"):
            await writer.write_once(group())
    assert versions(app)["Composition/our-1"] == 3


@pytest.mark.parametrize("dropped", ["meta", "extension"])
async def test_a_server_that_keeps_less_than_was_signed_is_named(dropped: str, reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS)
    base, transport = await reach(app)

    async def lossy(server: FakeFhir, _: Any) -> Reply:
        server.put({name: value for name, value in composition().items() if name != dropped})
        return 201, {}, b""

    app.faulty, app.faults = only_writes, [lossy]
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        with pytest.raises(WriteConflict):
            await writer.write_once([WriteEntry(resource=composition(), key="k")])


async def test_what_a_server_adds_to_meta_is_no_conflict(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS)
    base, transport = await reach(app)

    async def adding(server: FakeFhir, _: Any) -> Reply:
        label = {"system": "urn:them", "code": "x"}
        server.put(composition(meta={"security": [label, AIAST], "tag": [label], "source": "#1"}))
        return 201, {}, b""

    app.faulty, app.faults = only_writes, [adding]
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        stored = await writer.write_once([WriteEntry(resource=composition(), key="k")])
    assert stored[0].version == "1"


async def test_an_update_goes_over_the_version_that_was_read_and_no_other(reach: Reach, quick: Limits) -> None:
    taken_back = WriteEntry(resource=composition(status="entered-in-error"), key="undo", if_match="1")
    app = FakeFhir(composition(), types=KINDS)
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        assert await writer.find([taken_back]) == {}
        first = await writer.write_once([taken_back])
        assert first[0].version == "2"
        assert await writer.write_once([taken_back]) == first
        app.put(composition(title="Amended by a person"))
        assert await writer.write_once([taken_back]) == first  # ours was version 2
        late = WriteEntry(resource=composition(status="entered-in-error"), key="u2", if_match="2")
        with pytest.raises(WriteStale):
            await writer.write_once([late])
        nowhere = WriteEntry(resource=composition("not-there", status="entered-in-error"), key="u3", if_match="1")
        with pytest.raises(WriteStale):
            await writer.write_once([nowhere])
    assert versions(app) == {"Composition/our-1": 3}


async def test_a_change_between_look_and_send_is_stale(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(composition(), types=KINDS)
    base, transport = await reach(app)

    async def race(server: FakeFhir, do: Any) -> Reply:
        server.put(composition(title="Amended by a person"))
        reply: Reply = do()
        return reply

    app.faulty, app.faults = only_writes, [race]
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        entry = WriteEntry(resource=composition(status="entered-in-error"), key="u", if_match="1")
        with pytest.raises(WriteStale):
            await writer.write_once([entry])
    assert versions(app) == {"Composition/our-1": 2}
