"""The rows of `preround guidelines list`, and what of them cannot be evaluated."""

from __future__ import annotations

from typing import Any

from preround.settings import Settings
from tools.guidelines.gaps import recommendation_of
from tools.guidelines.library import GuidelineLibrary
from tools.guidelines.worker import GuidelineWorker


def listed(library: GuidelineLibrary) -> list[dict[str, Any]]:
    """One row for each version of a recommendation, and for each measure and each action of a plan."""
    others = library.measures
    plans = [each.plan for each in others.plans] + [plan for plan, _ in others.broken_plans] if others else []
    unmapped = {each.recommendation.id: each.unmapped for each in plans}
    measures = map(recommendation_of, others.measures) if others else ()
    return [
        {
            "id": each.id,
            "title": each.title,
            "version": each.version,
            "start": each.start.isoformat(),
            "end": each.end.isoformat() if each.end else None,
            "grade": each.grade,
            "publisher": each.publisher,
            "mode": library.rules.mode(each.id, experimental=each.experimental),
            "not_mapped": list(unmapped.get(each.id, ())),
        }
        for each in (*library.recommendations, *measures, *(each.recommendation for each in plans))
    ]


async def problems_with(library: GuidelineLibrary, settings: Settings) -> dict[str, str]:
    """What cannot be evaluated, with the reason: what does not parse, and what lacks a library or a value set."""
    async with GuidelineWorker(node_modules=settings.node_modules, seconds=60, megabytes=1024) as worker:
        return await problems_found(worker, library)


async def problems_found(worker: GuidelineWorker, library: GuidelineLibrary) -> dict[str, str]:
    """The same, with a worker that runs."""
    needs = await worker.load(library)
    found = {each.id: "its logic cannot be parsed" for each in library.recommendations if each.library not in needs}
    if library.measures:
        found |= (await worker.hold(library.measures))[1]
        found |= {plan.recommendation.id: why for plan, why in library.measures.broken_plans}
    return found
