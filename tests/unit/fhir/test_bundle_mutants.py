"""Whatever a server sends as a page, reading it ends in evidence or in one of the room's own errors; TEST_MUTANTS=N."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.depth import depth
from tests.unit.chart.mutants import mutated
from tools.evidence import Evidence
from tools.fhir.client import FhirClient
from tools.fhir.errors import FhirError
from tools.fhir.limits import Limits
from tools.fhir.read_chart import Ask, pointed_at, read_chart
from tools.fhir.scope import PatientScope
from tools.fhir.transport import in_process

BASE = "http://fhir.test/fhir"
KINDS = ("Observation", "MedicationRequest", "DocumentReference", "Encounter")
ASKS = [Ask(resource_type=kind, coverage_id=kind) for kind in KINDS]
SCOPE = PatientScope(patient_id="p", base_url=BASE)
PLAIN: dict[str, dict[str, Any]] = {
    "Observation": {"code": {"text": "x"}, "performer": [{"reference": "Practitioner/d"}]},
    "MedicationRequest": {"medicationReference": {"reference": "Medication/m"}},
    "DocumentReference": {
        "content": [{"attachment": {"url": "Binary/b", "contentType": "text/plain"}}],
        "date": "2021",
    },
    "Encounter": {"class": {"code": "AMB"}},
}


def page(kind: str) -> dict[str, Any]:
    owned = {"subject": {"reference": "Patient/p"}, "meta": {"versionId": "1", "lastUpdated": "2021-01-01T00:00:00Z"}}
    resources = [{"resourceType": kind, "id": f"r{n}", **owned, **PLAIN.get(kind, {})} for n in range(3)]
    entries = [{"resource": r, "fullUrl": f"{BASE}/{kind}/{r['id']}"} for r in resources]
    link = [{"relation": "next", "url": f"{BASE}/{kind}?page=2"}]
    return {"resourceType": "Bundle", "id": "b", "type": "searchset", "total": 3, "entry": entries, "link": link}


class Spoilt:
    """Answers every search with a page of which parts are missing, wrong, huge or deep."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)  # noqa: S311

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        kind = scope["path"].removeprefix("/fhir/").partition("/")[0]
        spoilt: dict[str, Any] = mutated(page(kind), self.draw.randrange(10**9))
        if kind == "metadata":
            offers = [{"type": k, "searchParam": [{"name": "patient"}, {"name": "_lastUpdated"}]} for k in KINDS]
            statement = {
                "resourceType": "CapabilityStatement",
                "id": "c",
                "rest": [{"mode": "server", "resource": offers}],
            }
            spoilt = mutated(statement, self.draw.randrange(10**9)) if self.draw.random() < 0.3 else statement
        try:
            body = orjson.dumps(spoilt, default=str)
        except TypeError:  # deeper than JSON is written here
            body = b'{"a":' * 5000
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})


@settings(max_examples=depth("MUTANTS", 150, ci=1000), suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9))
async def test_a_spoilt_page_ends_in_evidence_or_in_one_of_our_errors(seed: int) -> None:
    limits = Limits(attempts=1, pages=4)
    async with FhirClient(BASE, transport=in_process(Spoilt(seed)), limits=limits) as client:
        try:
            found = await read_chart(client, SCOPE, ASKS)
            beside = await pointed_at(client, SCOPE, found, coverage_id="b")
        except FhirError as error:
            pytest.fail(f"a page is no reason to give up the others: {error}")
    for one in [*found, *([beside] if beside else [])]:
        assert isinstance(one, Evidence)
        assert all(SCOPE.admits(r) for r in one.resources)
        orjson.dumps(list(one.resources), default=str)  # what is kept can be written down
