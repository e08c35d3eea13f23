"""Plan: the reasoner says what to look at; code adds what must always be looked at."""

from __future__ import annotations

from langgraph.runtime import Runtime

from agents.plan import MOST_CALLS, MUST_LOOK, Plan, ToolCall, with_must_look
from graphs.node import keep, kept, material_in, run_of
from graphs.reading import brief_of
from graphs.services import Services
from graphs.state import RoundState
from tools.fhir.scope import SEARCHABLE

MORE_PASSES = 2
"""How often an assessment may ask for more."""


async def plan(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """The first plan of a pass; after an assessment it is already made."""
    services = runtime.context
    if state.get("passes", 0) > 0:
        return {}
    if state.get("prepared"):
        planned = Plan(calls=())
    else:
        planned = await services.reasoner.plan(brief_of(run_of(services, state["run_id"])))
    asked = [*planned.calls, *(_for_guidelines(services) if planned.calls else ())]
    planned = Plan(calls=tuple(asked)[: MOST_CALLS - len(MUST_LOOK)], tainted=planned.tainted)
    return {"plan": keep(services, state["run_id"], with_must_look(planned).model_dump(mode="json"), "plan")}


def _for_guidelines(services: Services) -> list[ToolCall]:
    """What a site's own measures and plans ask a chart for beyond what is always looked at."""
    held = services.library.measures
    further = sorted((held.retrieves() if held else frozenset()) & SEARCHABLE - set(MUST_LOOK))
    return [ToolCall(tool="fhir_search", resource_type=kind, reason="asked for by a guideline") for kind in further]


async def assess(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """Whether the evidence is enough; at most twice more is read, and never the same call again."""
    services = runtime.context
    if state["passes"] >= MORE_PASSES:
        return {"plan": ""}
    material = material_in(state, services)
    made = Plan.model_validate(kept(services, state["plan"]))
    done = frozenset(call.key for call in made.calls)
    more = [call for call in await services.reasoner.assess(material) if call.key not in done]
    if not more:
        return {"plan": ""}
    wider = Plan(calls=(*made.calls, *more)[:MOST_CALLS], tainted=material.tainted)
    sha = keep(services, state["run_id"], wider.model_dump(mode="json"), "plan")
    return {"plan": sha, "passes": state["passes"] + 1}


def after_assess(state: RoundState) -> str:
    """Back to the plan when more is to be read, else on to the draft."""
    return "plan" if state.get("plan") else "draft"
