"""Appraise and consult: code appraises the chart; guidelines are asked about it, then literature about what is due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from langgraph.runtime import Runtime

from agents.offline.act_first import claim_of
from agents.plan import Plan
from chart.appraisal import Appraisal
from graphs.literature import ask
from graphs.node import keep, kept, material_in, run_of
from graphs.services import Services
from graphs.state import RoundState
from graphs.switched import hushed, withheld
from review.answers import Answer, answers
from review.incidents import paused
from tools.evidence import Coverage
from tools.fhir.scope import SEARCHABLE
from tools.guidelines.evaluate import evaluate
from tools.guidelines.outcome import Outcome, Why


async def appraise(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """Appraise the chart, and say critical values at once, unless in silence; it is computed again where it is needed.

    Raises:
        ValueError: when the evidence holds no patient.
    """
    material = material_in(state, runtime.context)
    critical = material.appraisal.of("critical")
    if critical and hushed(runtime.context, run_of(runtime.context, state["run_id"])):
        return {}
    for finding in critical:
        runtime.context.urgent(claim_of(finding, material, "k").text)
    return {}


def after_appraise(state: RoundState) -> str:
    """To the guidelines, or to the verdict on what is worded already."""
    return "verify" if state.get("prepared") else "consult"


async def consult(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """Ask the guidelines that are in force, and the literature beside them.

    A failure is an outcome of that recommendation, or a coverage line of that source; never silence.
    """
    services = runtime.context
    material = material_in(state, services)
    changed: RoundState = {}
    calls = Plan.model_validate(kept(services, state["plan"])).calls
    if any(call.tool == "guidelines" for call in calls):
        outcomes = await guideline_outcomes(material.appraisal, material.coverage.values(), services)
        material = replace(material, outcomes=outcomes)
        changed["outcomes"] = keep(services, state["run_id"], [_json(o) for o in outcomes], "outcomes")
    if (found := await ask(material, services)) is not None:
        changed["literature"] = keep(services, state["run_id"], found, "literature")
    return changed


def _unread(coverage: Iterable[Coverage], services: Services) -> frozenset[str]:
    """Types that others' guidelines ask for and that were not looked for, or could not be read."""
    held = services.library.measures
    looked = {c.query.partition("?")[0] for c in coverage if c.error is None}
    return ((held.retrieves() if held else frozenset()) & SEARCHABLE) - looked


async def guideline_outcomes(
    appraisal: Appraisal, coverage: Iterable[Coverage], services: Services, *, ours: bool = True, told: bool = False
) -> tuple[Outcome, ...]:
    """What came of each recommendation for an appraised chart, as this site wants it shown.

    Args:
        appraisal: the chart.
        coverage: how its searches went: what was not looked for could not be checked.
        services: the engine, the library, and what reviewers said before.
        ours: whether the chart is of the configured server, so that what reviewers said before is about this patient.
        told: whether it is shown as it is, so that what is in silent mode is withheld too.
    """
    ingredients = {
        order.reference: tuple(sorted(course.drug.substances))
        for course in appraisal.courses
        for order in course.orders
    }
    found = await evaluate(
        services.worker,
        services.library,
        list(appraisal.chart.resources.values()),
        as_of=appraisal.chart.as_of,
        doubtful=appraisal.doubtful,
        ingredients=ingredients,
        unread=_unread(coverage, services),
    )
    stopped = paused(services.db)
    given = answers(services.db, appraisal.chart.patient.reference) if ours else {}
    now = services.clock.now()
    rested = [_resting(o, given.get(o.recommendation.canonical), now) for o in found]
    shown = tuple(_paused(o) if o.recommendation.canonical in stopped else o for o in rested)
    return withheld(services, shown, modes=("off", "silent") if told else ("off",))


def _resting(outcome: Outcome, answer: Answer | None, now: datetime) -> Outcome:
    """What a reviewer has answered for this patient rests for its interval: done, declined, or put off."""
    if outcome.why != "due" or answer is None:
        return outcome
    until = answer.at + timedelta(days=answer.days or outcome.recommendation.interval_days)
    if now >= until:
        return outcome
    day, again = answer.at.date().isoformat(), until.date().isoformat()
    detail = f'Answered on {day}: "{answer.words}"; not suggested again before {again}.'
    why: Why = "withheld" if answer.says == "later" else answer.says
    return replace(outcome, why=why, detail=detail, action=None)


def _paused(outcome: Outcome) -> Outcome:
    """A recommendation that a reviewer reported as unsafe is withheld from everybody until that has been looked at."""
    if outcome.why != "due":
        return outcome
    reason = "A reviewer reported it as unsafe; it is paused until the report has been looked at."
    return replace(outcome, why="withheld", detail=reason, action=None)


def _json(outcome: Outcome) -> dict[str, Any]:
    row = asdict(outcome)
    row["recommendation"]["start"] = outcome.recommendation.start.isoformat()
    end = outcome.recommendation.end
    row["recommendation"]["end"] = end.isoformat() if end else None
    return row
