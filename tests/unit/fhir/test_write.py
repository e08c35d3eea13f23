import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.fhir.conftest import Reach
from tests.unit.fhir.fake_fhir import FakeFhir, Fault, Reply, body, fine, hang, lose_reply, outcome, status
from tools.fhir import wire
from tools.fhir.errors import (
    FhirUnreachable,
    WriteConflict,
    WriteForbidden,
    WriteRefused,
    WriteStale,
)
from tools.fhir.limits import Limits
from tools.fhir.stored import WriteEntry
from tools.fhir.write import FhirWriter

AIAST = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "AIAST"}


def composition(name: str = "our-1", **fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Composition",
        "id": name,
        "meta": {"security": [AIAST]},
        "status": "final",
        "subject": {"reference": "Patient/p1"},
        "title": "Pre-round",
        "extension": [{"url": "urn:x", "valueDecimal": Decimal("3.10")}],
        **fields,
    }


def provenance(target: str = "Composition/our-1") -> dict[str, Any]:
    return {"resourceType": "Provenance", "id": "prov-1", "target": [{"reference": target}]}


def group() -> list[WriteEntry]:
    # The Provenance comes first: the writer has to find the order that a server without transactions needs.
    return [WriteEntry(resource=provenance(), key="k-prov"), WriteEntry(resource=composition(), key="k-comp")]


def versions(app: FakeFhir) -> dict[str, int]:
    return {f"{kind}/{name}": len(found) for (kind, name), found in app.store.items()}


def only_writes(method: str, path: str) -> bool:
    return method in {"PUT", "POST"}


KINDS = ("Composition", "Provenance", "ServiceRequest")


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


async def test_a_refusal_has_the_servers_words_without_the_patient(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS)
    # The transaction first, then the resource by itself, which tells what of the group it was.
    app.faulty, app.faults = only_writes, [body(wire.dump(outcome("Composition of p1 lacks a type")), code=422)] * 2
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        with pytest.raises(WriteRefused, match="Composition of … lacks a type") as refused:
            await writer.write_once(group())
    assert (refused.value.status, refused.value.key) == (422, "k-comp")
    assert app.store == {}


async def test_a_refused_login_is_not_tried_one_by_one(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS)
    app.faulty, app.faults = only_writes, [status(401)]
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        with pytest.raises(WriteRefused) as refused:
            await writer.write_once(group())
    assert (refused.value.status, refused.value.key, app.faults) == (401, None, [])
    assert app.store == {}


@pytest.mark.parametrize("code", [400, 403, 404, 405, 422, 501])
async def test_what_is_refused_beside_the_target_is_named_and_the_target_stands(
    code: int, reach: Reach, quick: Limits
) -> None:
    app = FakeFhir(types=KINDS)
    app.faulty, app.faults = only_writes, [status(code), fine, status(code)]
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        with pytest.raises(WriteRefused) as refused:
            await writer.write_once(group())
        assert (refused.value.status, refused.value.key) == (code, "k-prov")
        assert {key: one.reference for key, one in refused.value.stored.items()} == {"k-comp": "Composition/our-1"}
        app.faults = []
        await writer.write_once(group())
    assert versions(app) == {"Provenance/prov-1": 1, "Composition/our-1": 1}


async def test_an_earlier_version_comes_back_and_nothing_else_does(reach: Reach, quick: Limits) -> None:
    first = composition(status="preliminary", modifierExtension=[{"url": "urn:theirs", "valueCode": "x"}])
    app = FakeFhir(first, types=KINDS)
    app.put({**first, "title": "Ours"})
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        other = {**first, "title": "Never there"}
        with pytest.raises(WriteForbidden, match="not the earlier version"):
            await writer.write_once([WriteEntry(resource=other, key="u", if_match="2", restores="1")])
        back = WriteEntry(resource=first, key="u", if_match="2", restores="1")
        (stored,) = await writer.write_once([back])
        assert (stored.version, await writer.write_once([back])) == ("3", (stored,))
    assert app.all("Composition")[0]["title"] == "Pre-round"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"contained": [{"resourceType": "Patient"}]}, "Composition.contained"),
        ({"modifierExtension": [{"url": "urn:x"}]}, "Composition.modifierExtension"),
        ({"event": [{"modifierExtension": [{"url": "urn:x"}]}]}, "modifierExtension anywhere"),
        ({"implicitRules": "urn:x"}, "Composition.implicitRules"),
        ({"status": "amended"}, "status of Composition"),
        ({"unheard": 1}, "Composition.unheard"),
    ],
)
async def test_an_element_that_the_policy_does_not_name_is_never_sent(
    changes: dict[str, Any], said: str, reach: Reach, quick: Limits
) -> None:
    app = FakeFhir(types=KINDS)
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        with pytest.raises(WriteForbidden, match=said):
            await writer.write_once([WriteEntry(resource=composition(**changes), key="k")])
    assert app.sent("PUT") == app.sent("POST") == []


async def test_a_server_that_always_fails_is_given_up(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS)
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        app.faulty, app.faults = only_writes, [status(503)] * 20
        with pytest.raises(FhirUnreachable):
            await writer.write_once(group())
        app.faults = [status(412)] * 20
        with pytest.raises(WriteRefused):
            await writer.write_once(group())
        assert len(app.sent("POST")) == 2 * quick.attempts
        app.faults = [fine]
        await writer.write_once(group())
    assert versions(app) == {"Provenance/prov-1": 1, "Composition/our-1": 1}


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Observation", "id": "o", "status": "final"},
        {"resourceType": "Patient", "id": "p"},
        {"resourceType": "AuditEvent", "id": "a"},
        composition(status="preliminary"),
        composition(status="entered-in-error"),
        composition(status=None),
        composition(intent="order"),
        composition("..", status="final"),
        composition("", status="final"),
        {"resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order"},
        {"resourceType": "ServiceRequest", "id": "s", "status": "draft", "intent": "order"},
        {"resourceType": "ServiceRequest", "id": "s", "status": "draft"},
        {"resourceType": "MedicationRequest", "id": "s", "status": "active", "intent": "proposal"},
        {"resourceType": "MedicationRequest", "id": "s", "status": ["draft"], "intent": "proposal"},
    ],
)
async def test_what_the_policy_does_not_list_is_never_sent(
    resource: dict[str, Any], reach: Reach, quick: Limits
) -> None:
    app = FakeFhir(types=KINDS)
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        with pytest.raises(WriteForbidden):
            await writer.write_once([*group(), WriteEntry(resource=resource, key="bad")])
    assert app.seen == []


async def test_one_key_for_two_resources_is_never_sent(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS)
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        with pytest.raises(WriteForbidden, match="twice"):
            await writer.write_once([*group(), WriteEntry(resource=composition("our-2"), key="k-comp")])
    assert app.seen == []


async def test_a_proposal_is_allowed(reach: Reach, quick: Limits) -> None:
    proposal = {"resourceType": "ServiceRequest", "id": "s1", "status": "draft", "intent": "proposal"}
    app = FakeFhir(types=KINDS)
    base, transport = await reach(app)
    async with FhirWriter(base, transport=transport, limits=quick) as writer:
        assert (await writer.write_once([WriteEntry(resource=proposal, key="s")]))[0].reference == "ServiceRequest/s1"


async def test_a_circle_needs_a_server_that_takes_our_ids(reach: Reach, quick: Limits) -> None:
    circle = [
        WriteEntry(resource=composition(event=[{"detail": [{"reference": "Provenance/prov-1"}]}]), key="k-comp"),
        WriteEntry(resource=provenance(), key="k-prov"),
    ]
    for options, works in (({}, True), ({"transactions": False}, True), ({"update_create": False}, False)):
        app = FakeFhir(types=KINDS, **options)  # type: ignore[arg-type]
        base, transport = await reach(app)
        async with FhirWriter(base, transport=transport, limits=quick) as writer:
            if works:
                assert len(await writer.write_once(circle)) == 2
            else:
                with pytest.raises(WriteRefused, match="circle"):
                    await writer.write_once(circle)
