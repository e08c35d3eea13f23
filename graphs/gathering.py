"""Gather: every planned read, side by side, each with a line that says how it went."""

from __future__ import annotations

from langgraph.runtime import Runtime

from agents.plan import Plan, ToolCall
from graphs.node import kept, run_of
from graphs.reading import evidence_json, read_evidence
from graphs.services import Services
from graphs.state import RoundState
from store import artifacts, runs
from store.runs import Run
from tools.evidence import Evidence
from tools.fhir.errors import FhirUnreachable
from tools.fhir.read_chart import Ask, pointed_at, read_chart
from tools.fhir.refresh import WORTH
from tools.fhir.scope import PatientScope


class NothingRead(FhirUnreachable):
    """Not one search of the chart was answered; check the FHIR server and run the round again."""


async def gather(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """Make the calls that earlier passes have not made.

    Raises:
        NothingRead: when no search at all was answered: then there is no chart to speak of.
    """
    services = runtime.context
    run = run_of(services, state["run_id"])
    scope = PatientScope(patient_id=run.patient.partition("/")[2], base_url=services.client.base_url)
    read = _searches(services, state.get("made"))
    done = {call.key for call in read}
    searches = [call for call in _searches(services, state["plan"]) if call.key not in done]
    first = len(read) + 2
    asks = [
        Ask(resource_type=call.resource_type, coverage_id=f"c{first + index}", code=call.code)
        for index, call in enumerate(searches)
    ]
    found = await read_chart(services.client, scope, asks, known=earlier(services, run))
    if not read and all(e.coverage.error for e in found):
        raise NothingRead
    beside = await pointed_at(services.client, scope, found, coverage_id=f"b{first}")
    found += [beside] if beside else []
    with services.db.write() as connection:
        now = services.clock.now()
        sha = artifacts.put_json(connection, evidence_json(found), kind="evidence", run_id=run.run_id, now=now)
    services.cache.keep(sha, found)
    clocked = state.get("refreshable", False) or any(e.taken and e.coverage.found >= WORTH for e in found)
    return {"evidence": [sha], "made": state["plan"], "refreshable": clocked}


def earlier(services: Services, run: Run) -> dict[str, Evidence]:
    """The large types of this patient that the last round with a result read whole, by type."""
    with services.db.read() as connection:
        last = runs.last_result(connection, run.patient)
        result = artifacts.get_json(connection, last) if last else {}
        shas = result["evidence"] if result.get("refreshable") else []
    found: dict[str, Evidence] = {}
    for sha in shas:
        for one in services.cache.fresh(sha) or read_evidence(services.db, sha):
            if one.taken and one.taken.server == services.client.base_url and one.coverage.found >= WORTH:
                found[one.taken.resource_type] = one
    return found


def _searches(services: Services, plan: str | None) -> list[ToolCall]:
    """The searches of a plan; none without one."""
    if not plan:
        return []
    return [call for call in Plan.model_validate(kept(services, plan)).calls if call.tool == "fhir_search"]
