"""Intake: pin the patient and read what the server can do."""

from __future__ import annotations

from langgraph.runtime import Runtime

from graphs.node import keep, run_of
from graphs.prepared import prepared_of
from graphs.reading import evidence_json
from graphs.services import Services
from graphs.state import RoundState
from store import artifacts
from store.runs import Run
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
    scope = PatientScope(patient_id=run.patient.partition("/")[2], base_url=services.client.base_url)
    patient = await read_patient(services.client, scope)
    found = Evidence(
        coverage=Coverage(id="c1", tool="fhir_read", query="Patient/…", found=1, truncated=False, error=None),
        resources=(patient,),
    )
    with services.db.write() as connection:
        now = services.clock.now()
        sha = artifacts.put_json(connection, evidence_json([found]), kind="evidence", run_id=run.run_id, now=now)
    services.cache.keep(sha, [found])
    return _prepared(run, services) | {
        "evidence": [sha],
        "since": len(state.get("evidence", [])),
        "made": "",
        "passes": 0,
        "repairs": 0,
        "revision": state.get("revision", 1),
    }


def after_intake(state: RoundState) -> str:
    """To the plan, or to the proposal when it is prepared and needs no chart."""
    return "propose" if state.get("prepared") and not state.get("drafts") else "plan"


def _prepared(run: Run, services: Services) -> RoundState:
    found = prepared_of(run, services)
    if found is None or run.prepared_sha256 is None:
        return {}
    if found.watch == "named":
        return {"prepared": run.prepared_sha256}
    drafts = keep(services, run.run_id, [one.model_dump(mode="json") for one in found.drafts], "drafts")
    return {"prepared": run.prepared_sha256, "drafts": drafts}
