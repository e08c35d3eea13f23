"""Gather: every planned read, side by side, each with a line that says how it went."""

from __future__ import annotations

import asyncio

from langgraph.runtime import Runtime

from agents.plan import Plan, ToolCall
from graphs.node import kept, run_of
from graphs.reading import evidence_json
from graphs.services import Services
from graphs.state import RoundState
from store import artifacts
from tools.evidence import Coverage, Evidence
from tools.fhir.errors import FhirError, FhirUnreachable
from tools.fhir.scope import PatientScope
from tools.fhir.search_chart import search_chart


class NothingRead(FhirUnreachable):
    """Not one search of the chart was answered; check the FHIR server and run the round again."""


async def gather(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """Make the calls that earlier passes have not made.

    Raises:
        NothingRead: when no search at all was answered: then there is no chart to speak of.
    """
    services = runtime.context
    run = run_of(services, state["run_id"])
    scope = PatientScope(patient_id=run.patient.partition("/")[2])
    read = _searches(services, state.get("made"))
    done = {call.key for call in read}
    searches = [call for call in _searches(services, state["plan"]) if call.key not in done]
    first = len(read) + 2
    found = await asyncio.gather(
        *(_search(services, scope, call, f"c{first + index}") for index, call in enumerate(searches))
    )
    if not read and all(e.coverage.error for e in found):
        raise NothingRead
    with services.db.write() as connection:
        sha = artifacts.put_json(connection, evidence_json(found), kind="evidence", now=services.clock.now())
    services.cache.keep(sha, found)
    return {"evidence": [sha], "made": state["plan"]}


def _searches(services: Services, plan: str | None) -> list[ToolCall]:
    """The searches of a plan; none without one."""
    if not plan:
        return []
    return [call for call in Plan.model_validate(kept(services, plan)).calls if call.tool == "fhir_search"]


async def _search(services: Services, scope: PatientScope, call: ToolCall, coverage_id: str) -> Evidence:
    params = [("code", call.code)] if call.code else []
    try:
        return await search_chart(services.client, scope, call.resource_type, coverage_id=coverage_id, params=params)
    except FhirError as error:
        # One search that failed is said on the page; it does not stop the others.
        line = Coverage(
            id=coverage_id,
            tool="fhir_read",
            query=f"{call.resource_type}?patient=…",
            found=0,
            truncated=False,
            error=str(error),
        )
        return Evidence(coverage=line, resources=())
