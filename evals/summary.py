"""Recall of summaries: `preround eval summary`. Is each active problem, allergy and medicine of the raw record named?

A thing counts as named where a sentence that the verifier lets stand cites one of the resources that say it, in the
summary or in the sentences that a round adds for what no draft names. `own` counts what the drafting reasoner named by
itself. What is in the record is read by `evals.raw_chart`, which shares nothing with the program.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agents.offline.accounting import with_everything_named
from agents.offline.reasoner import without
from agents.reasoner import Material, Reasoner
from chart.chart import Chart
from claims.claim import Draft
from evals.charts import Resource, material_of
from evals.raw_chart import RawChart, raw_chart
from evals.raw_rows import Row
from graphs.drafting import verdicts


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """Something that a summary must name."""

    kind: str
    """`problem`, `allergy` or `medicine`."""
    name: str
    """As the record writes it."""
    references: frozenset[str]
    """The resources that say it."""


def items(chart: RawChart) -> Iterator[Item]:
    """What is active in the raw record, each name once."""
    groups: tuple[tuple[str, Sequence[Row]], ...] = (
        ("problem", [r for r in chart.problems if r.status in ("active", "recurrence", "relapse")]),
        ("allergy", [r for r in chart.allergies if r.status == "active"]),
        ("medicine", [r for r in (*chart.medicines, *chart.taken) if r.status == "active"]),
    )
    for kind, rows in groups:
        for name in sorted({r.name for r in rows}):
            yield Item(kind=kind, name=name, references=frozenset(r.reference for r in rows if r.name == name))


async def run(
    charts: Iterable[Sequence[Resource]],
    reasoner: Reasoner,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Summarise every chart.

    Args:
        charts: the resources of one patient each, numbers as Decimal.
        reasoner: who summarises.
        progress: told how many charts are done, and how many there are.

    Returns:
        `{"name", "passed", "total", "score", "own", "kinds", "cases": [{"id", "ok", "detail"}]}`.
    """
    read = [(raw, resources) for resources in charts if (raw := raw_chart(resources)) is not None]
    rows: list[dict[str, Any]] = []
    own = 0
    for done, (raw, resources) in enumerate(read, start=1):
        material = await asyncio.to_thread(material_of, resources, as_of=raw.as_of, tasks=("summary",))
        drafted = await _standing(reasoner, material)
        chart = material.appraisal.chart
        by_itself, in_all = _cited([drafted], chart), _cited(with_everything_named([drafted], material), chart)
        for n, item in enumerate(items(raw), start=1):
            own += bool(item.references & by_itself)
            ok = bool(item.references & in_all)
            detail = "" if ok else f"does not name {item.name}"
            rows.append({"id": f"{raw.id}/{item.kind}-{n}", "ok": ok, "detail": detail})
        progress(done, len(read))
    passed = sum(bool(row["ok"]) for row in rows)
    return {
        "name": "summary",
        "reasoner": reasoner.name,
        "passed": passed,
        "total": len(rows),
        "score": passed / len(rows) if rows else 0.0,
        "own": own / len(rows) if rows else 0.0,
        "kinds": {
            kind: f"{sum(r['ok'] for r in mine)} of {len(mine)}"
            for kind in ("problem", "allergy", "medicine")
            if (mine := [r for r in rows if f"/{kind}-" in str(r["id"])])
        },
        "cases": rows,
    }


async def _standing(reasoner: Reasoner, material: Material) -> Draft:
    """The summary as a round would show it: mended once, and without what does not stand."""
    draft = await reasoner.draft("summary", material)
    judged = verdicts(draft, material)
    if any(not v.stands for v in judged):
        (draft,) = await reasoner.repair([(draft, [v for v in judged if not v.stands])], material)
    return without(draft, verdicts(draft, material))


def _cited(drafts: Sequence[Draft], chart: Chart) -> frozenset[str]:
    """The resources that sentences stand on; the words of an order may stand in a Medication that it points at."""
    facts = {one for d in drafts for claim in d.claims for one in claim.facts}
    return frozenset(chart.by_id[one].reference for one in facts)
