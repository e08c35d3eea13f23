"""`preround load` on servers of different makers."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from preround.doing.load import load
from tests.servers.running import FhirServer
from tools.fhir.client import FhirClient
from tools.fhir.errors import LoadError


def chart(key: str) -> list[dict[str, Any]]:
    practitioner = {"resourceType": "Practitioner", "id": f"{key}-doc"}
    practitioner["identifier"] = [{"system": "urn:test:npi", "value": key}]  # type: ignore[assignment]
    visit = {
        "resourceType": "Encounter",
        "id": f"{key}-e",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/{key}-p"},
        "participant": [{"individual": {"reference": f"Practitioner?identifier=urn:test:npi|{key}"}}],
    }
    return [visit, {"resourceType": "Patient", "id": f"{key}-p"}, practitioner]


def write(folder: Path, *resources: dict[str, Any]) -> Path:
    folder.mkdir()
    for number, one in enumerate(resources):
        (folder / f"{number}.json").write_text(json.dumps(one))
    return folder


async def test_a_folder_in_any_order_with_its_ids(fhir_server: FhirServer, tmp_path: Path) -> None:
    key = str(uuid4())[:13]
    folder = write(tmp_path / "in", *chart(key))
    first = await load([folder], base_url=fhir_server.base)
    assert (first.counts, first.unchanged) == ({"Encounter": 1, "Patient": 1, "Practitioner": 1}, 0)
    async with FhirClient(fhir_server.base) as client:
        visit = await client.read("Encounter", f"{key}-e")
        assert visit["participant"][0]["individual"]["reference"] == f"Practitioner/{key}-doc"
        assert (await client.read("Patient", f"{key}-p"))["id"] == f"{key}-p"


async def test_loading_again_sends_nothing(fhir_server: FhirServer, tmp_path: Path) -> None:
    key = str(uuid4())[:13]
    folder = write(tmp_path / "in", *chart(key))
    await load([folder], base_url=fhir_server.base)
    again = await load([folder], base_url=fhir_server.base)
    assert (again.unchanged, again.counts) == (3, {"Encounter": 1, "Patient": 1, "Practitioner": 1})
    assert len(fhir_server.get(f"Patient/{key}-p/_history")["entry"]) == 1


async def test_who_is_on_the_server_already_is_referred_to(fhir_server: FhirServer, tmp_path: Path) -> None:
    key = str(uuid4())[:13]
    visit, patient, practitioner = chart(key)
    await load([write(tmp_path / "first", practitioner)], base_url=fhir_server.base)
    await load([write(tmp_path / "then", visit, patient)], base_url=fhir_server.base)
    async with FhirClient(fhir_server.base) as client:
        stored = await client.read("Encounter", f"{key}-e")
    assert stored["participant"][0]["individual"]["reference"] == f"Practitioner/{key}-doc"


async def test_what_the_server_refuses_is_named_and_none_of_its_bundle_stays(
    fhir_server: FhirServer, tmp_path: Path
) -> None:
    key = str(uuid4())[:13]
    bad = {"resourceType": "Patient", "id": f"{key}-bad", "colour": "red"}
    folder = write(tmp_path / "in", {"resourceType": "Patient", "id": f"{key}-good"}, bad)
    with pytest.raises(LoadError, match=r"^1.json: the FHIR server refused this Patient"):
        await load([folder], base_url=fhir_server.base)
