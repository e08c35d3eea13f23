"""Draft and verify: the reasoner words, code traces every word; what does not stand goes back once, then is removed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from langgraph.runtime import Runtime

from agents.literature import with_literature
from agents.offline.accounting import with_everything_named
from agents.offline.reasoner import without
from agents.reasoner import Material
from agents.suggest import suggestions
from claims.claim import Draft
from claims.verify import Look, Verdict, verify
from graphs.literature import as_it_stands
from graphs.node import keep, kept, material_in
from graphs.services import Services
from graphs.state import RoundState
from tools.observer import Verified

REPAIRS = 1
"""How often drafts go back to the reasoner."""


async def draft(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """Word every task, side by side; on the way back only the drafts with refused claims."""
    services = runtime.context
    material = material_in(state, services)
    if state.get("repairs", 0) and state.get("drafts"):
        found = await _again(drafts_of(services, state["drafts"]), material, services)
    else:
        found = list(await asyncio.gather(*(services.reasoner.draft(task, material) for task in material.brief.tasks)))
        due, _ = suggestions(material)
        found = [with_literature(one, material.literature, due) for one in found]
    return {"drafts": _keep(services, state, found, "drafts")}


async def _again(drafts: list[Draft], material: Material, services: Services) -> list[Draft]:
    """The drafts with refused claims go back together, so that mending them is one call."""
    judged = [(one, [v for v in verdicts(one, material) if not v.stands]) for one in drafts]
    back = [(one, refused) for one, refused in judged if refused]
    mended = iter(await services.reasoner.repair(back, material))
    return [next(mended) if refused else one for one, refused in judged]


async def verify_drafts(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """Keep what stands; what does not goes back once and is then removed, visibly."""
    services = runtime.context
    material = as_it_stands(material_in(state, services), services)
    found = drafts_of(services, state["drafts"])
    judged = [(one, verdicts(one, material)) for one in found]
    if state.get("prepared"):
        return {
            "verified": _keep(
                services, state, _told(services, [without(one, all_) for one, all_ in judged]), "verified"
            )
        }
    if state.get("repairs", 0) < REPAIRS and any(not v.stands for _, all_ in judged for v in all_):
        return {"repairs": state.get("repairs", 0) + 1, "verified": ""}
    standing = with_everything_named(_told(services, [without(one, all_) for one, all_ in judged]), material)
    return {"verified": _keep(services, state, standing, "verified")}


def _told(services: Services, drafts: list[Draft]) -> list[Draft]:
    """The drafts; how much of each stands is told to those who watch."""
    for one in drafts:
        services.observer.note(Verified(task=one.task, standing=len(one.claims), removed=len(one.removed)))
    return drafts


def after_verify(state: RoundState) -> str:
    """Back to the draft for a repair, else on."""
    return "propose" if state.get("verified") else "draft"


def verdicts(one: Draft, material: Material) -> list[Verdict]:
    """The verdict on each claim of a draft."""
    printed = material.literature.printed
    return [verify(claim, material.appraisal, looks(material), material.titles, printed) for claim in one.claims]


def looks(material: Material) -> Mapping[str, Look]:
    """Coverage as the verifier needs it."""
    return {
        line.id: Look(query=line.query, truncated=line.truncated, error=line.error)
        for line in material.coverage.values()
    }


def _keep(services: Services, state: RoundState, drafts: list[Draft], kind: str) -> str:
    return keep(services, state["run_id"], [d.model_dump(mode="json") for d in drafts], kind)


def drafts_of(services: Services, sha256: str) -> list[Draft]:
    """The drafts of an artifact."""
    rows = kept(services, sha256)
    return [Draft.model_validate(row) for row in rows] if isinstance(rows, list) else []
