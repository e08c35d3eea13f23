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
    calls = Plan.model_validate(kept(services, state["plan"])).calls
    read = _read_before(state, services)
    searches = [c for c in calls if c.tool == "fhir_search" and c.key not in read]
    first = len(read) + 2
    found = await asyncio.gather(
        *(_search(services, scope, call, f"c{first + index}") for index, call in enumerate(searches))
    )
    if found and all(e.coverage.error for e in found):
        raise NothingRead
    with services.db.write() as connection:
        sha = artifacts.put_json(connection, evidence_json(found), kind="evidence", now=services.clock.now())
    services.cache.keep(sha, found)
    return {"evidence": [sha]}


def _read_before(state: RoundState, services: Services) -> frozenset[str]:
    """Keys of the calls of earlier passes of this version of the round."""
    if state.get("passes", 0) == 0:
        return frozenset()
    calls = Plan.model_validate(kept(services, state["plan"])).calls
    shas = state["evidence"][state.get("since", 0) + 1 :]
    lines = 0
    for sha in shas:
        rows = kept(services, sha)
        lines += len(rows) if isinstance(rows, list) else 0
    searches = [c for c in calls if c.tool == "fhir_search"]
    return frozenset(c.key for c in searches[:lines])


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
