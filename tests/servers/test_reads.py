"""Reading a chart, whoever made the server."""

from typing import Any

import httpx
import pytest

from tests.servers.running import FhirServer
from tools.fhir.client import FhirClient
from tools.fhir.errors import FhirGone, FhirNotFound
from tools.fhir.read_patient import read_patient
from tools.fhir.scope import PatientScope
from tools.fhir.search_chart import search_chart

LOINC = "http://loinc.org"


def observation(patient: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"{patient[:24]}-{number}",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "8480-6" if number % 2 else "8462-4"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": f"2021-{number % 12 + 1:02}-01T08:00:00Z",
        "valueQuantity": {"value": 100 + number, "unit": "mmHg"},
        **more,
    }


async def test_what_it_says_of_itself_is_read_or_found_missing(fhir_server: FhirServer) -> None:
    async with FhirClient(fhir_server.base) as client:
        capabilities = await client.capabilities()
    assert capabilities.offers_search("Observation")
    assert capabilities.known is (fhir_server.maker == "sandbox")


async def test_a_resource_and_its_versions(fhir_server: FhirServer, patient: str) -> None:
    async with FhirClient(fhir_server.base) as client:
        first = await client.read("Patient", patient)
        fhir_server.put({**first, "gender": "male"})
        second = await client.read("Patient", patient)
        assert first["meta"]["versionId"] != second["meta"]["versionId"]
        earlier = await client.vread("Patient", patient, first["meta"]["versionId"])
    assert [one["gender"] for one in (first, earlier, second)] == ["female", "female", "male"]


async def test_what_is_not_there_is_said(fhir_server: FhirServer, patient: str) -> None:
    async with FhirClient(fhir_server.base) as client:
        with pytest.raises(FhirNotFound):
            await client.read("Patient", "nobody")
        with pytest.raises(FhirNotFound):
            await client.vread("Patient", patient, "nothing")


async def test_what_was_removed_is_told_from_what_never_was(fhir_server: FhirServer, patient: str) -> None:
    async with httpx.AsyncClient(timeout=60) as other:
        assert (await other.delete(f"{fhir_server.base}/Patient/{patient}")).status_code in (200, 204)
    async with FhirClient(fhir_server.base) as client:
        with pytest.raises(FhirGone):
            await client.read("Patient", patient)


async def test_one_kind_of_one_chart(fhir_server: FhirServer, patient: str) -> None:
    other = f"{patient}x"
    fhir_server.put({"resourceType": "Patient", "id": other})
    fhir_server.put(*(observation(patient, number) for number in range(30)), observation(other[1:], 1))
    async with FhirClient(fhir_server.base) as client:
        scope = PatientScope(patient_id=patient, base_url=client.base_url)
        assert (await read_patient(client, scope))["id"] == patient
        found = await search_chart(client, scope, "Observation", coverage_id="c1")
    assert (found.coverage.found, found.coverage.truncated, found.coverage.error) == (30, False, None)
    assert {one["subject"]["reference"] for one in found.resources} == {f"Patient/{patient}"}


async def test_medicines_come_with_what_they_point_at(fhir_server: FhirServer, patient: str) -> None:
    drugs = [{"resourceType": "Medication", "id": f"{patient}-{n}", "code": {"text": f"drug {n}"}} for n in range(3)]
    fhir_server.put(*drugs)
    for number, drug in enumerate(drugs):
        fhir_server.put(
            {
                "resourceType": "MedicationRequest",
                "id": f"{patient}-rx{number}",
                "status": "active",
                "intent": "order",
                "subject": {"reference": f"Patient/{patient}"},
                "medicationReference": {"reference": f"Medication/{drug['id']}"},
            }
        )
    async with FhirClient(fhir_server.base) as client:
        scope = PatientScope(patient_id=patient, base_url=client.base_url)
        found = await search_chart(client, scope, "MedicationRequest", coverage_id="c1")
    assert found.coverage.error is None
    assert {one["id"] for one in found.resources if one["resourceType"] == "Medication"} == {d["id"] for d in drugs}


async def test_all_pages_are_read(fhir_server: FhirServer, patient: str) -> None:
    fhir_server.put(*(observation(patient, number) for number in range(25)))
    async with FhirClient(fhir_server.base) as client:
        answer = await client.search("Observation", [("patient", patient), ("_count", "10")], cap=100)
    assert (len(answer.resources), answer.truncated, answer.pages) == (25, False, 3)


async def test_what_is_left_out_is_said(fhir_server: FhirServer, patient: str) -> None:
    fhir_server.put(*(observation(patient, number) for number in range(12)))
    async with FhirClient(fhir_server.base) as client:
        answer = await client.search("Observation", [("patient", patient), ("_count", "10")], cap=10)
        whole = await client.search("Observation", [("patient", patient), ("_count", "100")], cap=100)
        assert await client.count("Observation", [("patient", patient)]) == 12
    assert (len(answer.resources), answer.truncated) == (10, True)
    assert (len(whole.resources), whole.truncated) == (12, False)
