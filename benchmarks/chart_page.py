"""The page of a chart in this process, without a server: what a round would show, from resources alone."""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from agents.offline.accounting import with_everything_named
from agents.offline.reasoner import OfflineReasoner, without
from agents.plan import MUST_LOOK
from agents.reasoner import Brief, Material
from chart.appraisal import Appraisal, appraise
from chart.chart import Chart
from claims.claim import Claim, Draft, Task
from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from fhir_fixtures.loading import load_story
from graphs.drafting import verdicts
from graphs.result import result_of
from graphs.services import Services
from store.runs import Run
from tools.evidence import Coverage
from tools.fhir import wire
from tools.fhir.load_set import LoadEntry, LoadSource, prepare

Resource = Mapping[str, Any]
TASKS: tuple[Task, ...] = ("summary", "comparison", "suggestions")
SYNTHEA_AS_OF = datetime(2021, 8, 1, tzinfo=UTC)
"""The day after the last entry of the sample charts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One patient's resources as a server would give them."""

    name: str
    """File name without its ending."""
    as_of: datetime
    """Clinical now for it."""
    resources: tuple[Resource, ...]
    """With versions, and references settled as loading does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What a round shows of a chart."""

    appraisal: Appraisal
    """What code found."""
    drafts: tuple[Draft, ...]
    """What stands after verifying."""
    result: Mapping[str, Any]
    """As ``run --json`` gives it, without what only a kept round has."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The page."""
        return tuple(self.result["page"])

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every claim of every draft."""
        return tuple(c for d in self.drafts for c in d.claims)

    @property
    def on_page(self) -> tuple[Claim, ...]:
        """The claims whose sentence stands on the page, each once."""
        lines = {line.partition(". ")[2] if line[:1].isdigit() else line for line in self.lines} | set(self.lines)
        return tuple(c for c in self.claims if c.line in lines)


def stories() -> Iterator[Sample]:
    """The package's own stories, each as of its own day."""
    for path in sorted(PATIENTS.glob("*.yaml")):
        yield Sample(name=path.stem, as_of=load_story(path).now, resources=_settled(compile_story(path), path.name))


def charts(data: Path) -> Iterator[Sample]:
    """The sample charts of ``data/synthea``; none where the folder is not there."""
    for path in sorted((data / "synthea").glob("*.json.gz")):
        if not path.name.startswith("0-"):  # organisations and practitioners
            name = path.name.removesuffix(".json.gz")
            body = gzip.decompress(path.read_bytes())
            yield Sample(name=name, as_of=SYNTHEA_AS_OF, resources=_settled(body, path.name))


def _settled(body: bytes, place: str) -> tuple[Resource, ...]:
    bundle = cast("dict[str, Any]", wire.parse(body))
    entries = tuple(
        LoadEntry(resource=e["resource"], full_url=e.get("fullUrl"), place=f"{place}, entry[{n}]")
        for n, e in enumerate(bundle["entry"])
    )
    return tuple(
        {**e.resource, "meta": {**e.resource.get("meta", {}), "versionId": "1"}}
        for e in prepare([LoadSource(entries=entries)]).entries
    )


def material_of(
    resources: Sequence[Resource],
    as_of: datetime,
    *,
    failed: Mapping[str, str] | None = None,
    site: Path | None = None,
) -> Material:
    """The appraised chart with a coverage line for everything that is always looked at.

    Args:
        resources: of one patient.
        as_of: clinical now.
        failed: resource types whose search failed, with the reason; their resources are left out.
        site: a folder with a site's own rows of the tables.
    """
    failed = failed or {}
    read = [r for r in resources if r["resourceType"] not in failed]
    found = Counter(str(r["resourceType"]) for r in read)
    coverage = {
        f"c{n}": Coverage(
            id=f"c{n}",
            tool="fhir_search",
            query=f"{kind}?patient=…",
            found=found[kind],
            truncated=False,
            error=failed.get(kind),
        )
        for n, kind in enumerate(MUST_LOOK, start=1)
    }
    return Material(
        brief=Brief(tasks=TASKS), appraisal=appraise(Chart.build(read, as_of=as_of), site=site), coverage=coverage
    )


def show(material: Material) -> Shown:
    """Draft, verify and lay out, as a round does; guidelines are not asked."""
    reasoner = OfflineReasoner()

    async def all_drafts() -> list[Draft]:
        return [await reasoner.draft(task, material) for task in material.brief.tasks]

    drafts = asyncio.run(all_drafts())
    standing = with_everything_named([without(d, verdicts(d, material)) for d in drafts], material)
    result = result_of(_run(material), material, standing, (), (), None, cast("Services", _OnlyReasoner(reasoner)))
    return Shown(appraisal=material.appraisal, drafts=tuple(standing), result=result)


@dataclass(frozen=True)
class _OnlyReasoner:
    """The one of a round's services that its result asks."""

    reasoner: OfflineReasoner


def _run(material: Material) -> Run:
    return Run(
        run_id="00000000-0000-0000-0000-000000000000",
        patient=material.appraisal.chart.patient.reference,
        tasks=TASKS,
        as_of=material.appraisal.chart.as_of,
        reasoner="offline",
        status="running",
        graph_version="none",
        created=material.appraisal.chart.as_of,
        updated=material.appraisal.chart.as_of,
    )
