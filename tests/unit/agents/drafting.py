"""Offline drafts of a chart without a round: the material, the drafts, the verdicts, the page."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from agents.offline.accounting import with_everything_named
from agents.offline.reasoner import OfflineReasoner
from agents.plan import MUST_LOOK
from agents.reasoner import Brief, Material
from chart.appraisal import appraise
from chart.chart import Chart
from claims.claim import Claim, Draft, Task
from claims.page import page
from claims.verify import Look
from tests.unit.chart.samples import AS_OF, stories, synthea
from tools.evidence import Coverage

TASKS: tuple[Task, ...] = ("summary", "comparison", "suggestions")


def material_of(
    resources: Iterable[Mapping[str, Any]], as_of: datetime, *, failed: Collection[str] = (), cut: Collection[str] = ()
) -> Material:
    """What a round would give the reasoner; resources of a type whose reading failed are not there."""
    read = [r for r in resources if r["resourceType"] not in failed]
    coverage = {
        f"c{i}": Coverage(
            id=f"c{i}",
            tool="fhir_read",
            query=f"{kind}?patient=…",
            found=sum(1 for r in read if r["resourceType"] == kind),
            truncated=kind in cut,
            error="The server refused." if kind in failed else None,
        )
        for i, kind in enumerate(MUST_LOOK, 1)
    }
    return Material(
        brief=Brief(tasks=TASKS), appraisal=appraise(Chart.build(read, as_of=as_of)), coverage=coverage, outcomes=()
    )


def drafts_of(material: Material) -> list[Draft]:
    """All drafts, with whatever none of them names."""

    async def work() -> list[Draft]:
        reasoner = OfflineReasoner()
        return [await reasoner.draft(task, material) for task in TASKS]

    return with_everything_named(asyncio.run(work()), material)


def looks(material: Material) -> dict[str, Look]:
    """The coverage as the verifier reads it."""
    return {
        k: Look(query=line.query, truncated=line.truncated, error=line.error) for k, line in material.coverage.items()
    }


def claims_of(drafts: Sequence[Draft]) -> list[Claim]:
    """All claims in order."""
    return [claim for draft in drafts for claim in draft.claims]


def page_of(material: Material) -> str:
    """The page without head and foot."""
    return "\n".join(page(drafts_of(material), head=(), foot=()))


@lru_cache(maxsize=1)
def story_materials() -> dict[str, Material]:
    """The stories."""
    return {name: material_of(resources, now) for name, (resources, now) in stories().items()}


@lru_cache(maxsize=1)
def chart_materials() -> dict[str, Material]:
    """The sample charts."""
    return {name: material_of(resources, AS_OF) for name, resources in synthea().items()}
