from typing import Any

import pytest

from tests.unit.fhir.conftest import Reach
from tests.unit.fhir.fake_fhir import FakeFhir, body, fine, hang, outcome, status
from tools.fhir import wire
from tools.fhir.client import FhirClient
from tools.fhir.errors import FhirNotFound, FhirUnreachable, WrongPatient
from tools.fhir.find_patients import PatientRow, find_patients
from tools.fhir.limits import Limits
from tools.fhir.read_patient import read_patient
from tools.fhir.scope import PatientScope
from tools.fhir.search_chart import search_chart

P1 = PatientScope(patient_id="p1")


def owned(kind: str, name: str, patient: str = "p1", **fields: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": name, "subject": {"reference": f"Patient/{patient}"}, **fields}


def request(name: str, medication: str) -> dict[str, Any]:
    return owned("MedicationRequest", name, medicationReference={"reference": f"Medication/{medication}"})


async def test_what_was_asked_and_found_without_the_patients_id(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(owned("Observation", "o1"), owned("Observation", "o2"), owned("Observation", "o3", "p2"))
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        found = await search_chart(client, P1, "Observation", coverage_id="c4", params=[("code", "8480-6")])
    assert [r["id"] for r in found.resources] == ["o1", "o2"]
    line = found.coverage
    assert (line.id, line.tool, line.query) == ("c4", "fhir_read", "Observation?patient=…&code=8480-6&_count=1000")
    assert (line.found, line.truncated, line.error) == (2, False, None)


async def test_nothing_found_is_a_result(reach: Reach, quick: Limits) -> None:
    base, transport = await reach(FakeFhir(types=("Condition",)))
    async with FhirClient(base, transport=transport, limits=quick) as client:
        found = await search_chart(client, P1, "Condition", coverage_id="c1")
    assert (found.resources, found.coverage.found, found.coverage.error) == ((), 0, None)


async def test_a_second_patient_in_the_answer_is_refused_and_said(reach: Reach, quick: Limits) -> None:
    mixed = [owned("Observation", "o1"), owned("Observation", "o2", "p2"), {"resourceType": "Patient", "id": "p2"}]
    bundle = {"resourceType": "Bundle", "entry": [{"resource": r} for r in mixed]}
    app = FakeFhir(types=("Observation",))
    app.faults = [fine, body(wire.dump(bundle))]
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        found = await search_chart(client, P1, "Observation", coverage_id="c1")
    assert [r["id"] for r in found.resources] == ["o1"]
    assert found.coverage.found == 1
    assert found.coverage.error == "2 resources were refused because they are not clearly this patient's."


async def test_a_type_or_parameter_that_is_not_offered_is_not_asked_for(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=("Observation",))
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        flag = await search_chart(client, P1, "Flag", coverage_id="c1")
        colour = await search_chart(client, P1, "Observation", coverage_id="c2", params=[("colour:exact", "red")])
    assert flag.coverage.error == "The server does not offer Flag."
    assert colour.coverage.error == "The server does not offer a search of Observation by colour."
    assert [path for _, path, _ in app.seen] == ["/fhir/metadata"]


async def test_a_refusal_is_said_and_does_not_stop_the_round(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=("Observation",))
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        await client.capabilities()
        app.faults = [body(wire.dump(outcome("no scope for p1")), code=403)]
        refused = await search_chart(client, P1, "Observation", coverage_id="c1")
        app.faults = [body(b"<html>")]
        page = await search_chart(client, P1, "Observation", coverage_id="c1")
        warned = {"resourceType": "Bundle", "entry": [{"resource": outcome("index is rebuilding")}]}
        app.faults = [body(wire.dump(warned))]
        inside = await search_chart(client, P1, "Observation", coverage_id="c1")
    assert refused.coverage.error is not None
    assert "no scope for …" in refused.coverage.error
    assert page.coverage.error is not None
    assert "web page" in page.coverage.error
    assert inside.coverage.error == "The server said: index is rebuilding."


async def test_a_second_page_that_fails_leaves_the_first_and_says_so(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(*(owned("Observation", f"o{n}") for n in range(5)), page=3)
    app.faults = [fine, fine, body(b'{"resourceType": "Bun')]
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        found = await search_chart(client, P1, "Observation", coverage_id="c1")
    assert (found.coverage.found, found.coverage.truncated) == (3, True)
    assert found.coverage.error is not None


async def test_an_unreachable_server_raises(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=("Observation",))
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        await client.capabilities()
        app.faults = [hang(5)] * 3
        with pytest.raises(FhirUnreachable):
            await search_chart(client, P1, "Observation", coverage_id="c1")
        app.faults = [status(503)] * 3
        with pytest.raises(FhirUnreachable, match="503"):
            await search_chart(client, P1, "Observation", coverage_id="c1")


async def test_a_search_about_somebody_else_never_leaves(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(types=("Observation",))
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        for params in ([("patient", "p2")], [("subject", "Patient/p2")]):
            with pytest.raises(WrongPatient):
                await search_chart(client, P1, "Observation", coverage_id="c1", params=params)
    assert [path for _, path, _ in app.seen] == ["/fhir/metadata"]


@pytest.mark.parametrize("includes", [(), ("MedicationRequest:medication",)])
async def test_medications_come_along(includes: tuple[str, ...], reach: Reach, quick: Limits) -> None:
    medications = [{"resourceType": "Medication", "id": f"m{n}"} for n in range(3)]
    app = FakeFhir(*(request(f"r{n}", f"m{n % 3}") for n in range(9)), *medications, includes=includes)
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        found = await search_chart(client, P1, "MedicationRequest", coverage_id="c1")
        assert client.requests == (2 if includes else 3)
    assert sorted(r["id"] for r in found.resources if r["resourceType"] == "Medication") == ["m0", "m1", "m2"]
    assert (found.coverage.found, found.coverage.error) == (9, None)


async def test_medications_that_can_not_be_read_are_said(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(request("r1", "gone"), request("r2", "m1"), {"resourceType": "Medication", "id": "m1"})
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        found = await search_chart(client, P1, "MedicationRequest", coverage_id="c1")
        none = await search_chart(client, P1, "MedicationRequest", coverage_id="c1", follow_requests=0)
    assert found.coverage.error == "1 of the medications referred to could not be read."
    assert none.coverage.error == "2 of the medications referred to could not be read."


async def test_the_patient(reach: Reach, quick: Limits) -> None:
    app = FakeFhir({"resourceType": "Patient", "id": "p1"})
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        assert (await read_patient(client, P1))["id"] == "p1"
        with pytest.raises(FhirNotFound):
            await read_patient(client, PatientScope(patient_id="p2"))


async def test_the_list_of_patients(reach: Reach, quick: Limits) -> None:
    names = [{"use": "old", "text": "X"}, {"use": "official", "family": "Roe", "given": ["Ada", "B"]}]
    app = FakeFhir(
        {"resourceType": "Patient", "id": "p2", "birthDate": "1950-02", "name": names},
        {"resourceType": "Patient", "id": "p1", "name": [{"text": "Somebody"}]},
        {"resourceType": "Patient", "id": "p3"},
        {"resourceType": "Practitioner", "id": "d"},
        owned("Observation", "o1"),
        owned("Condition", "c1"),
        owned("Observation", "o2", "p2"),
    )
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        listed = await find_patients(client)
        assert listed.rows == (
            PatientRow(id="p1", name="Somebody", birth_date=None, resources=3),
            PatientRow(id="p2", name="Roe, Ada B", birth_date="1950-02", resources=2),
            PatientRow(id="p3", name="", birth_date=None, resources=1),
        )
        assert not listed.truncated
        assert (await find_patients(client, cap=2)).truncated


async def test_a_server_that_says_nothing_of_itself_is_asked_all_the_same(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(owned("Observation", "o1"), {"resourceType": "Patient", "id": "p1"})
    app.faulty = lambda method, path: path.endswith("/metadata")
    app.faults = [status(401)]
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        assert (await search_chart(client, P1, "Observation", coverage_id="c1")).coverage.found == 1
        assert (await find_patients(client)).rows[0].resources is None
        app.faulty = lambda method, path: "Flag" in path
        app.faults = [status(404)]
        flags = await search_chart(client, P1, "Flag", coverage_id="c2")
    assert flags.coverage.error == "The server does not offer Flag."


async def test_medications_are_read_one_by_one_where_they_can_not_be_searched(reach: Reach, quick: Limits) -> None:
    medication = {"resourceType": "Medication", "id": "m1"}
    app = FakeFhir(request("r1", "m1"), request("r2", "gone"), medication)
    listed = app.metadata()
    for resource in listed["rest"][0]["resource"]:
        if resource["type"] == "Medication":
            resource["interaction"] = [{"code": "read"}]
    app.faults = [body(wire.dump(listed))]
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        found = await search_chart(client, P1, "MedicationRequest", coverage_id="c1")
    assert [r["id"] for r in found.resources if r["resourceType"] == "Medication"] == ["m1"]
    assert found.coverage.error == "1 of the medications referred to could not be read."
    assert [path for path in app.sent("GET") if "Medication/" in path] == [
        "/fhir/Medication/gone",
        "/fhir/Medication/m1",
    ]


async def test_a_count_that_is_refused_is_not_made_up(reach: Reach, quick: Limits) -> None:
    app = FakeFhir(owned("Observation", "o1"), {"resourceType": "Patient", "id": "p1"})
    base, transport = await reach(app)
    async with FhirClient(base, transport=transport, limits=quick) as client:
        app.faulty = lambda method, path: "Observation" in path
        app.faults = [status(403)] * 2
        assert (await find_patients(client)).rows[0].resources is None
        assert (await find_patients(client)).rows[0].resources == 2
