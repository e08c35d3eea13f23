"""Other people's bundles, loaded whole into the embedded sandbox, and their charts read back within bounds."""

import asyncio
import gzip
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from preround.doing.load import load, read_sources
from preround.sandbox.app import create_sandbox
from tests.unit.fhir.socket_server import served
from tools.fhir import wire
from tools.fhir.bulk_load import Loaded
from tools.fhir.client import FhirClient
from tools.fhir.find_patients import find_patients
from tools.fhir.read_patient import read_patient
from tools.fhir.scope import PatientScope
from tools.fhir.search_chart import search_chart
from tools.fhir.stored import references
from tools.fhir.transport import Transport, in_process

DATA = Path(os.environ.get("PREROUND_TEST_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
SYNTHEA = DATA / "synthea"
CCDA = DATA / "messy" / "ccda"
BASE = "http://sandbox/fhir"
TYPES = (
    "AllergyIntolerance",
    "CarePlan",
    "CareTeam",
    "Condition",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "Immunization",
    "MedicationAdministration",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Procedure",
)

needs_synthea = pytest.mark.skipif(not SYNTHEA.is_dir(), reason="test data `synthea` is not here (PREROUND_TEST_DATA)")
needs_ccda = pytest.mark.skipif(not CCDA.is_dir(), reason="test data `messy/ccda` is not here (PREROUND_TEST_DATA)")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Transport, Loaded]]:
    app = create_sandbox(tmp_path_factory.mktemp("s") / "sandbox.sqlite", now=lambda: datetime(2021, 8, 1, tzinfo=UTC))
    transport = in_process(app)
    # The patients come before the practitioners and organisations that they refer to: the order must not matter.
    files = sorted(SYNTHEA.glob("*.json.gz"), reverse=True)
    yield transport, asyncio.run(load(files, base_url=BASE, transport=transport))
    app.state.database.close()


@needs_synthea
async def test_everything_is_there_with_its_id_and_no_reference_dangles(loaded: tuple[Transport, Loaded]) -> None:
    transport, report = loaded
    meant = {e.reference: e.resource for source in read_sources([SYNTHEA]) for e in source.entries}
    assert report.counts == dict(sorted(Counter(name.split("/")[0] for name in meant).items()))
    assert (report.logical_references, report.unresolved_references, report.replaced) == (0, 0, 0)
    async with FhirClient(BASE, transport=transport) as client:
        held: dict[str, wire.Resource] = {}
        for kind in report.counts:
            answer = await client.search(kind, [("_count", "1000")], cap=100_000)
            assert not answer.truncated
            held |= {f"{kind}/{resource['id']}": resource for resource in answer.resources}
    assert held.keys() == meant.keys()
    assert not {text for r in held.values() for text in references(r) if not text.startswith("#")} - held.keys()
    numbers = [json.dumps(sorted(_decimals(value))) for value in (list(meant.values()), list(held.values()))]
    assert numbers[0] == numbers[1]


def _decimals(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _decimals(item)]
    if isinstance(value, list):
        return [text for item in value for text in _decimals(item)]
    return [wire.literal(value)] if type(value).__name__ == "Decimal" else []  # type: ignore[arg-type]


@needs_synthea
async def test_loading_again_changes_nothing(loaded: tuple[Transport, Loaded]) -> None:
    transport, report = loaded
    again = await load([SYNTHEA], base_url=BASE, transport=transport)
    assert again.counts == report.counts
    assert again.unchanged == sum(report.counts.values())


@needs_synthea
async def test_every_chart_is_read_whole_within_25_requests(loaded: tuple[Transport, Loaded]) -> None:
    transport, _ = loaded
    owner: dict[str, Counter[str]] = {}
    for source in read_sources([SYNTHEA]):
        kinds = Counter(entry.resource["resourceType"] for entry in source.entries)
        patients = [e.resource["id"] for e in source.entries if e.resource["resourceType"] == "Patient"]
        owner |= dict.fromkeys(patients, kinds)
    for name, kinds in owner.items():
        async with FhirClient(BASE, transport=transport) as client:
            scope = PatientScope(patient_id=name, base_url=client.base_url)
            assert (await read_patient(client, scope))["id"] == name
            for kind in TYPES:
                found = await search_chart(client, scope, kind, coverage_id="c1")
                line = found.coverage
                assert (line.found, line.truncated, line.error) == (kinds[kind], False, None)
                assert name not in line.query
                if kind == "MedicationRequest":
                    linked = {
                        r["medicationReference"]["reference"] for r in found.resources if "medicationReference" in r
                    }
                    came = {f"Medication/{r['id']}" for r in found.resources if r["resourceType"] == "Medication"}
                    assert linked == came
            assert client.requests <= 25


@needs_synthea
async def test_the_list_of_patients(loaded: tuple[Transport, Loaded]) -> None:
    transport, _ = loaded
    counts: dict[str, int] = {}
    for source in read_sources([SYNTHEA]):
        patients = [e.resource["id"] for e in source.entries if e.resource["resourceType"] == "Patient"]
        shared = sum(e.resource["resourceType"] == "Medication" for e in source.entries)
        counts |= dict.fromkeys(patients, len(source.entries) - shared)
    async with FhirClient(BASE, transport=transport) as client:
        listed = await find_patients(client)
    assert {row.id: row.resources for row in listed.rows} == counts
    assert all(row.name and row.birth_date for row in listed.rows)


@needs_synthea
async def test_the_largest_bundle_over_a_socket(tmp_path: Path) -> None:
    app = create_sandbox(tmp_path / "sandbox.sqlite", now=lambda: datetime(2021, 8, 1, tzinfo=UTC))
    file = max(SYNTHEA.glob("*.json.gz"), key=lambda path: path.stat().st_size)
    async with served(app) as base:
        report = await load([file], base_url=base)
        assert report.logical_references > 0  # its practitioners were not loaded
        async with FhirClient(base) as client:
            (row,) = (await find_patients(client)).rows
            scope = PatientScope(patient_id=row.id, base_url=client.base_url)
            found = await search_chart(client, scope, "Observation", coverage_id="c1")
    assert found.coverage.found == report.counts["Observation"]
    app.state.database.close()


@needs_synthea
def test_the_largest_chart_parses_in_time() -> None:
    file = max(SYNTHEA.glob("*.json.gz"), key=lambda path: path.stat().st_size)
    text = gzip.decompress(file.read_bytes())
    taken = []
    for _ in range(3):
        began = time.process_time()
        wire.parse(text)
        taken.append(time.process_time() - began)
    assert min(taken) < 0.15


@needs_ccda
async def test_bundles_converted_from_ccda_load_and_load_again(tmp_path: Path) -> None:
    app = create_sandbox(tmp_path / "sandbox.sqlite", now=lambda: datetime(2021, 8, 1, tzinfo=UTC))
    transport = in_process(app)
    first = await load([CCDA], base_url=BASE, transport=transport)
    again = await load([CCDA], base_url=BASE, transport=transport)
    assert first.counts == again.counts
    assert again.unchanged == sum(first.counts.values())
    async with FhirClient(BASE, transport=transport) as client:
        patients = (await find_patients(client)).rows
        for row in patients:
            scope = PatientScope(patient_id=row.id, base_url=client.base_url)
            for kind in TYPES:
                line = (await search_chart(client, scope, kind, coverage_id="c1")).coverage
                assert line.error is None
    assert len(patients) == first.counts["Patient"]
    app.state.database.close()
