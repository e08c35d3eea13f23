"""What our client asks of a server, kind by kind of parameter: the same answer everywhere, or a named difference."""

import pytest

from tests.servers.running import FhirServer
from tests.servers.test_reads import LOINC, observation
from tools.fhir.client import FhirClient
from tools.fhir.errors import FhirRefused

CASES: dict[str, tuple[str, str, set[int]]] = {
    "token-with-system": ("code", f"{LOINC}|8480-6", {1, 3, 5, 7}),
    "token-alone": ("code", "8480-6", {1, 3, 5, 7}),
    "tokens": ("code", "8480-6,8462-4", set(range(8))),
    "token-of-another-system": ("code", "http://other|8480-6", set()),
    "status": ("status", "preliminary", {7}),
    "date-from": ("date", "ge2021-05-01", {4, 5, 6, 7}),
    "date-before": ("date", "lt2021-03-01", {0, 1}),
    "date-month": ("date", "2021-03", {2}),
    "quantity-above": ("value-quantity", "gt104", {5, 6, 7}),
    "not": ("code:not", "8480-6", {0, 2, 4, 6}),
    "missing": ("performer:missing", "false", {3}),
    "reference": ("performer", "Practitioner/doc", {3}),
    "chain": ("subject:Patient.gender", "female", set(range(8))),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_search_of_one_chart_finds(fhir_server: FhirServer, patient: str, case: str) -> None:
    for number in range(8):
        more = {"performer": [{"reference": "Practitioner/doc"}]} if number == 3 else {}
        status = "preliminary" if number == 7 else "final"
        fhir_server.put(observation(patient, number, status=status, **more))
    name, value, expected = CASES[case]
    async with FhirClient(fhir_server.base) as client:
        asked = [("patient", f"Patient/{patient}"), (name, value), ("_count", "100")]
        answer = await client.search("Observation", asked, cap=100)
    found = {int(one["id"].rpartition("-")[2]) for one in answer.resources if one["resourceType"] == "Observation"}
    assert found == expected


async def test_sorted_by_date(fhir_server: FhirServer, patient: str) -> None:
    fhir_server.put(*(observation(patient, number) for number in (3, 0, 2, 1)))
    async with FhirClient(fhir_server.base) as client:
        asked = [("patient", f"Patient/{patient}"), ("_sort", "-date"), ("_count", "100")]
        answer = await client.search("Observation", asked, cap=100)
    assert [one["id"].rpartition("-")[2] for one in answer.resources] == ["3", "2", "1", "0"]


async def test_by_identifier(fhir_server: FhirServer, patient: str) -> None:
    async with FhirClient(fhir_server.base) as client:
        answer = await client.search("Patient", [("identifier", f"urn:test:mrn|{patient}"), ("_count", "10")], cap=10)
    assert [one["id"] for one in answer.resources] == [patient]


async def test_by_reverse_chain(fhir_server: FhirServer, patient: str) -> None:
    fhir_server.put(observation(patient, 1))
    async with FhirClient(fhir_server.base) as client:
        asked = [("_has:Observation:patient:code", "8480-6"), ("_id", patient), ("_count", "10")]
        answer = await client.search("Patient", asked, cap=10)
    assert [one["id"] for one in answer.resources] == [patient]


async def test_included_resources_come_along(fhir_server: FhirServer, patient: str) -> None:
    fhir_server.put(observation(patient, 1))
    async with FhirClient(fhir_server.base) as client:
        asked = [("patient", patient), ("_include", "Observation:subject"), ("_count", "10")]
        answer = await client.search("Observation", asked, cap=10)
    assert {one["resourceType"] for one in answer.resources} == {"Observation", "Patient"}


async def test_what_it_does_not_know_is_refused(fhir_server: FhirServer) -> None:
    async with FhirClient(fhir_server.base) as client:
        with pytest.raises(FhirRefused):
            await client.search("Patient", [("nonsense", "1"), ("_count", "1")], cap=1)
