"""Intake: pin the patient and read what the server can do."""

from __future__ import annotations

from langgraph.runtime import Runtime

from graphs.node import run_of
from graphs.reading import evidence_json
from graphs.services import Services
from graphs.state import RoundState
from store import artifacts
from tools.evidence import Coverage, Evidence
from tools.fhir.read_patient import read_patient
from tools.fhir.scope import PatientScope


async def intake(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """Read the patient; unreadable, the round ends here.

    Raises:
        FhirNotFound: there is no such patient.
        FhirUnreachable: the server does not answer.
    """
    services = runtime.context
    run = run_of(services, state["run_id"])
    await services.client.capabilities()
    patient = await read_patient(services.client, PatientScope(patient_id=run.patient.partition("/")[2]))
    found = Evidence(
        coverage=Coverage(id="c1", tool="fhir_read", query="Patient/…", found=1, truncated=False, error=None),
        resources=(patient,),
    )
    with services.db.write() as connection:
        sha = artifacts.put_json(connection, evidence_json([found]), kind="evidence", now=services.clock.now())
    services.cache.keep(sha, [found])
    return {
        "evidence": [sha],
        "since": len(state.get("evidence", [])),
        "made": "",
        "passes": 0,
        "repairs": 0,
        "revision": state.get("revision", 1),
    }
