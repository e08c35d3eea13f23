import random
from typing import Any

import pytest

from tests.unit.fhir.conftest import Reach
from tests.unit.fhir.fake_fhir import FakeFhir, fine, lose_reply, status
from tools.fhir.bulk_load import BulkLoader, Loaded
from tools.fhir.errors import FhirUnreachable, LoadError
from tools.fhir.limits import Limits
from tools.fhir.load_set import LoadEntry, LoadSource, prepare
from tools.fhir.stored import references
from tools.fhir.transport import Transport

KINDS = ("Patient", "Practitioner", "Encounter", "Observation", "DocumentReference", "Binary")


def source(*resources: dict[str, Any], name: str = "a.json", urls: dict[int, str] | None = None) -> LoadSource:
    return LoadSource(
        entries=tuple(
            LoadEntry(resource=resource, full_url=(urls or {}).get(n), place=f"{name}, entry[{n}]")
            for n, resource in enumerate(resources)
        )
    )


def doctor(name: str = "d1", value: str = "99") -> dict[str, Any]:
    return {"resourceType": "Practitioner", "id": name, "identifier": [{"system": "urn:npi", "value": value}]}


def patient() -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": "p1",
        "generalPractitioner": [{"reference": "Practitioner?identifier=urn:npi|99"}],
    }


def encounter(reference: str = "urn:uuid:p-url") -> dict[str, Any]:
    return {"resourceType": "Encounter", "id": "e1", "subject": {"reference": reference, "display": "kept"}}


def chart() -> LoadSource:
    observation = {"resourceType": "Observation", "id": "o1", "encounter": {"reference": "urn:uuid:e-url"}}
    return source(observation, encounter(), patient(), urls={1: "urn:uuid:e-url", 2: "urn:uuid:p-url"})


async def load(base: str, transport: Transport | None, limits: Limits, *sources: LoadSource, **more: Any) -> Loaded:
    async with BulkLoader(base, transport=transport, limits=limits) as loader:
        return await loader.load(sources, **more)


def settled(app: FakeFhir) -> dict[str, list[str]]:
    return {f"{kind}/{name}": sorted(references(v[-1])) for (kind, name), v in app.store.items()}


@pytest.mark.parametrize("options", [{}, {"transactions": False}, {"bundles": False}])
@pytest.mark.parametrize("doctor_first", [True, False])
async def test_ids_are_kept_and_references_settled_in_any_order(
    options: dict[str, Any], doctor_first: bool, reach: Reach, quick: Limits
) -> None:
    app = FakeFhir(types=KINDS, **options)
    base, transport = await reach(app)
    doctors = source(doctor(), name="d.json")
    sources = [doctors, chart()] if doctor_first else [chart(), doctors]
    steps: list[tuple[int, int]] = []
    loaded = await load(base, transport, quick, *sources, on_progress=lambda done, total: steps.append((done, total)))
    assert loaded.counts == {"Encounter": 1, "Observation": 1, "Patient": 1, "Practitioner": 1}
    assert settled(app) == {
        "Practitioner/d1": [],
        "Patient/p1": ["Practitioner/d1"],
        "Encounter/e1": ["Patient/p1"],
        "Observation/o1": ["Encounter/e1"],
    }
    assert [*app.store] == [(k, n) for k, n in app.store if k != "Observation"] + [("Observation", "o1")]
    assert steps == [(0, 4), (4, 4)]
    again = await load(base, transport, quick, *sources)
    assert again.unchanged == 4
    assert {len(versions) for versions in app.store.values()} == {1}


async def test_only_what_changed_is_sent_again(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS)
    base, transport = await reach(app)
    await load(base, transport, quick, source(doctor()), chart())
    changed = await load(base, transport, quick, source({**doctor(), "gender": "female"}), chart())
    assert changed.unchanged == 3
    assert [len(versions) for (kind, _), versions in app.store.items() if kind == "Practitioner"] == [2]


@pytest.mark.parametrize("transactions", [True, False])
async def test_a_server_that_gives_ids_gets_references_to_its_own(
    transactions: bool, reach: Reach, quick: Limits
) -> None:
    app = FakeFhir(types=KINDS, update_create=False, transactions=transactions)
    base, transport = await reach(app)
    for _ in range(2):
        await load(base, transport, quick, chart(), source(doctor()))
    assert len(app.store) == 4
    (observation,), (visit,), (person,), (physician,) = (
        app.all(kind) for kind in ("Observation", "Encounter", "Patient", "Practitioner")
    )
    assert "o1" not in {observation["id"], visit["id"]}
    assert observation["encounter"]["reference"] == f"Encounter/{visit['id']}"
    assert visit["subject"] == {"reference": f"Patient/{person['id']}", "display": "kept"}
    assert person["generalPractitioner"] == [{"reference": f"Practitioner/{physician['id']}"}]


async def test_conditional_references_fall_back_to_the_server_then_to_the_identifier(
    reach: Reach, quick: Limits
) -> None:
    app = FakeFhir(doctor("on-server"), types=KINDS)
    base, transport = await reach(app)
    other = {
        "resourceType": "Patient",
        "id": "p2",
        "generalPractitioner": [{"reference": "Practitioner?identifier=urn:npi|7"}],
    }
    loaded = await load(base, transport, quick, source(patient(), other))
    first, second = (next(p for p in app.all("Patient") if p["id"] == name) for name in ("p1", "p2"))
    assert first["generalPractitioner"] == [{"reference": "Practitioner/on-server"}]
    assert second["generalPractitioner"] == [
        {"type": "Practitioner", "identifier": {"system": "urn:npi", "value": "7"}}
    ]
    assert loaded.logical_references == 1
    assert (await load(base, transport, quick, source(patient(), other))).unchanged == 2


async def test_a_search_that_is_not_by_identifier_must_fit_one(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS)
    base, transport = await reach(app)
    with pytest.raises(LoadError, match=r"a.json, entry\[0\].*fits 0 resources"):
        await load(base, transport, quick, source(encounter("Patient?name=x")))
    assert app.store == {}


@pytest.mark.parametrize("options", [{}, {"transactions": False}, {"bundles": False}])
@pytest.mark.parametrize("blames", [True, False])
async def test_a_refused_entry_is_named_and_so_is_what_was_loaded(
    options: dict[str, Any], blames: bool, reach: Reach, quick: Limits
) -> None:
    app = FakeFhir(types=KINDS, **options)
    app.blames = blames
    app.refuses = lambda resource: resource.get("id") == "e1"
    base, transport = await reach(app)
    with pytest.raises(LoadError) as refused:
        await load(base, transport, quick, source(doctor()), chart())
    said = str(refused.value)
    assert said.startswith("a.json, entry[1]: the FHIR server refused this Encounter (422): element … is unknown.")
    assert f"{len(app.store)} of 4 resources are loaded" in said
    app.refuses = lambda _: False
    await load(base, transport, quick, source(doctor()), chart())
    assert len(app.store) == 4


async def test_a_type_the_server_does_not_take_stops_before_anything_is_sent(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=("Patient",))
    base, transport = await reach(app)
    with pytest.raises(LoadError, match=r"entry\[1\]: the FHIR server does not take Flag"):
        await load(
            base, transport, quick, source({"resourceType": "Patient", "id": "p"}, {"resourceType": "Flag", "id": "f"})
        )
    assert app.store == {}


@pytest.mark.parametrize("update_create", [True, False])
async def test_a_lost_reply_loads_once(update_create: bool, reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=KINDS, update_create=update_create)
    app.faulty, app.faults = (lambda method, path: method == "POST"), [lose_reply, fine]
    base, transport = await reach(app)
    await load(base, transport, quick, source(doctor()), chart())
    assert app.faults == []
    assert len(app.store) == 4


async def test_a_server_that_goes_away_says_how_far_it_came(
    reach: Reach, quick: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.fhir.bulk_load.CHUNK", 2)
    app = FakeFhir(types=KINDS)
    app.faulty, app.faults = (lambda method, path: method == "POST"), [fine, *[status(503)] * 5]
    base, transport = await reach(app)
    with pytest.raises(FhirUnreachable, match="At least 2 of 4 resources are loaded"):
        await load(base, transport, quick, source(doctor()), chart())
    app.faults = []
    assert (await load(base, transport, quick, source(doctor()), chart())).unchanged == 2
    assert len(app.store) == 4


def test_the_referred_to_come_first_whatever_the_order() -> None:
    entries = [
        {"resourceType": "Observation", "id": f"o{n}", "hasMember": [{"reference": f"Observation/o{n + 1}"}]}
        for n in range(3000)
    ]
    random.Random(7).shuffle(entries)  # noqa: S311
    ordered = [entry.resource["id"] for entry in prepare([source(*entries)]).entries]
    assert ordered == [f"o{n}" for n in reversed(range(3000))]


def test_a_circle_is_loaded_all_the_same() -> None:
    one = {"resourceType": "Encounter", "id": "e1", "partOf": {"reference": "Encounter/e2"}}
    two = {"resourceType": "Encounter", "id": "e2", "partOf": {"reference": "Encounter/e1"}}
    assert {entry.resource["id"] for entry in prepare([source(one, two)]).entries} == {"e1", "e2"}


def test_the_later_of_two_with_one_id_counts() -> None:
    ready = prepare([source(doctor(value="1")), source(doctor(value="2"), name="b.json")])
    assert ready.replaced == 1
    assert [entry.place for entry in ready.entries] == ["b.json, entry[0]"]


def test_full_urls_count_within_their_bundle_first() -> None:
    one = source(encounter("urn:uuid:x"), {"resourceType": "Patient", "id": "p1"}, urls={1: "urn:uuid:x"})
    visit = {**encounter("urn:uuid:x"), "id": "e2"}
    two = source(visit, {"resourceType": "Patient", "id": "p2"}, name="b.json", urls={1: "urn:uuid:x"})
    found = {entry.resource["id"]: entry.resource for entry in prepare([one, two]).entries}
    assert found["e1"]["subject"]["reference"] == "Patient/p1"
    assert found["e2"]["subject"]["reference"] == "Patient/p2"


def test_ids_that_are_missing_are_the_same_every_time() -> None:
    def ids(url: str | None) -> list[str]:
        bare = {"resourceType": "Patient", "gender": "female"}
        return [e.resource["id"] for e in prepare([source(bare, urls={0: url} if url else None)]).entries]

    assert ids("urn:uuid:1b1a7b3c-0000-4000-8000-000000000001") == ["1b1a7b3c-0000-4000-8000-000000000001"]
    assert ids(None) == ids(None) == ids("urn:uuid:not/an/id")


def test_attachments_follow_and_identifiers_do_not() -> None:
    document = {
        "resourceType": "DocumentReference",
        "id": "n1",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:b"}],
        "content": [{"attachment": {"url": "urn:uuid:b"}}],
        "extension": [{"url": "urn:x", "valueReference": {"reference": "urn:uuid:nowhere"}}],
    }
    ready = prepare([source(document, {"resourceType": "Binary", "id": "b1"}, urls={1: "urn:uuid:b"})])
    (found,) = (entry.resource for entry in ready.entries if entry.resource["id"] == "n1")
    assert found["content"] == [{"attachment": {"url": "Binary/b1"}}]
    assert found["identifier"] == document["identifier"]
    assert ready.unresolved == 1


def test_an_identifier_that_fits_two_is_refused() -> None:
    with pytest.raises(LoadError, match="fits 2 resources"):
        prepare([source(doctor("d1"), doctor("d2"), patient())])
