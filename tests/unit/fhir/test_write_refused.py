"""Writing what a server refuses, or what the policy never lets go out."""

from typing import Any

import pytest

from tests.unit.fhir.conftest import Reach
from tests.unit.fhir.fake_fhir import FakeFhir, body, fine, outcome, status
from tests.unit.fhir.written import KINDS, composition, group, only_writes, provenance, versions
from tools.fhir import wire
from tools.fhir.errors import (
    FhirUnreachable,
    WriteForbidden,
    WriteRefused,
)
from tools.fhir.limits import Limits
from tools.fhir.stored import WriteEntry
from tools.fhir.write import FhirWriter


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
