"""What a round has read: evidence artifacts turned back into an appraised chart, once a process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from agents.literature import Literature
from agents.reasoner import Brief, Material
from chart.appraisal import Appraisal, appraise
from chart.chart import Chart
from chart.sensitive import sensitive_classes
from store import artifacts
from store.database import Database
from store.runs import Run
from tools.evidence import Coverage, Evidence, Taken
from tools.guidelines.outcome import Clause, Outcome
from tools.guidelines.outcome import Evidence as Reason
from tools.guidelines.recommendation import Recommendation

KEPT = 4
"""So many charts are kept in memory; the largest sample chart takes about 20 MB."""


class ReadingCache:
    """The last few charts, by what they were made from."""

    def __init__(self) -> None:
        self._charts: OrderedDict[tuple[str, ...], tuple[Appraisal, dict[str, Coverage]]] = OrderedDict()
        self._fresh: dict[str, tuple[Evidence, ...]] = {}
        self.hits = 0
        """Readings of charts that were still here."""
        self.misses = 0
        """Readings of charts that had to be made."""

    def keep(self, sha256: str, evidence: Sequence[Evidence]) -> None:
        """Keep what was just read, so that it need not be parsed again."""
        self._fresh = {**dict(list(self._fresh.items())[-KEPT:]), sha256: tuple(evidence)}

    def fresh(self, sha256: str) -> tuple[Evidence, ...] | None:
        """What was kept under this hash, if it still is."""
        return self._fresh.get(sha256)

    def reading(
        self, db: Database, shas: Sequence[str], run: Run, *, site: Path | None
    ) -> tuple[Appraisal, dict[str, Coverage]]:
        """The appraised chart and the coverage lines of some evidence artifacts.

        Raises:
            store.artifacts.ArtifactMissing, ArtifactDamaged: when they are not what was kept.
            ValueError: when no Patient is among the resources.
        """
        key = (*shas, run.as_of.isoformat(), str(site))
        if key in self._charts:
            self.hits += 1
        else:
            self.misses += 1
            found = [e for sha in shas for e in self._fresh.get(sha) or read_evidence(db, sha)]
            resources = [r for e in found for r in e.resources]
            appraisal = appraise(Chart.build(resources, as_of=run.as_of, sensitive=sensitive_classes(site)), site=site)
            self._charts[key] = (appraisal, {e.coverage.id: e.coverage for e in found})
            while len(self._charts) > KEPT:
                self._charts.popitem(last=False)
        self._charts.move_to_end(key)
        return self._charts[key]


def evidence_json(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Evidence as JSON for its artifact."""
    return [
        {"coverage": asdict(e.coverage), "resources": list(e.resources), "taken": asdict(e.taken) if e.taken else None}
        for e in evidence
    ]


def read_evidence(db: Database, sha256: str) -> tuple[Evidence, ...]:
    """The evidence of one artifact.

    Raises:
        store.artifacts.ArtifactMissing, ArtifactDamaged: when it is not what was kept.
    """
    with db.read() as connection:
        rows = artifacts.get_json(connection, sha256, exact=True)
    return tuple(
        Evidence(
            coverage=Coverage(**row["coverage"]),
            resources=tuple(row["resources"]),
            taken=Taken(**row["taken"]) if row.get("taken") else None,
        )
        for row in rows
    )


def outcomes_of(db: Database, sha256: str | None) -> tuple[Outcome, ...]:
    """Guideline outcomes of an artifact; none without one."""
    if not sha256:
        return ()
    with db.read() as connection:
        rows = artifacts.get_json(connection, sha256, exact=True)
    return tuple(_outcome(row) for row in rows)


def _outcome(row: dict[str, Any]) -> Outcome:
    found = row["recommendation"]
    return Outcome(
        recommendation=Recommendation(
            **{
                **found,
                "start": date.fromisoformat(found["start"]),
                "end": date.fromisoformat(found["end"]) if found["end"] else None,
                "topics": tuple(found["topics"]),
            }
        ),
        why=row["why"],
        detail=row["detail"],
        because=tuple(Reason(**r) for r in row["because"]),
        action=row["action"],
        clauses=tuple(Clause(**{**c, "looked_at": tuple(c["looked_at"])}) for c in row["clauses"]),
    )


def brief_of(run: Run) -> Brief:
    """What a round is asked to do, from its row."""
    return Brief(
        tasks=run.tasks,
        question=run.question,
        since=date.fromisoformat(run.since) if run.since else None,
        feedback=run.feedback,
    )


def material_of(
    run: Run,
    appraisal: Appraisal,
    coverage: dict[str, Coverage],
    outcomes: tuple[Outcome, ...],
    literature: Literature = Literature(),  # noqa: B008 - a frozen record
) -> Material:
    """What the reasoner may draft from."""
    return Material(
        brief=brief_of(run),
        appraisal=appraisal,
        coverage=coverage,
        outcomes=outcomes,
        literature=literature,
        tainted=bool(appraisal.of("instruction_in_note") or appraisal.of("instruction_in_entry")),
    )
