"""What a page shows beside the sentences: the facts that they name, and the series that those facts belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from chart.appraisal import Appraisal
from chart.fact import Fact
from chart.measurement import Range
from chart.series import Point, Series
from claims.claim import Draft
from claims.suggestion import Suggestion

LATEST = 120
"""So many points of a series are given; a page draws fewer."""


def facts_shown(drafts: Sequence[Draft], due: Sequence[Suggestion], appraisal: Appraisal) -> dict[str, dict[str, Any]]:
    """The facts that sentences and suggestions cite or compute from, by short id."""
    by_id = appraisal.chart.by_id
    return {fact_id: _fact(by_id[fact_id]) for fact_id in _named(drafts, due) if fact_id in by_id}


def series_shown(drafts: Sequence[Draft], due: Sequence[Suggestion], appraisal: Appraisal) -> list[dict[str, Any]]:
    """The series of measured things that are cited, whole, those of the most salient sentence first."""
    rank = {fact_id: index for index, fact_id in enumerate(_named(drafts, due))}
    found = []
    for key, one in appraisal.series.items():
        places = [rank[p.fact.id] for p in one.points if p.fact.id in rank]
        if places:
            found.append((min(places), key, _series(key, one, appraisal.ranges.get(key))))
    return [shown for _, _, shown in sorted(found, key=lambda one: one[:2])]


def _named(drafts: Sequence[Draft], due: Sequence[Suggestion]) -> Iterable[str]:
    claims = sorted((c for d in drafts for c in d.claims), key=lambda c: c.salience)
    cited = [fact_id for claim in claims for fact_id in claim.facts]
    return dict.fromkeys([*cited, *(c.fact for s in due for c in s.because)])


def _fact(fact: Fact) -> dict[str, Any]:
    cell = next((fact.cells[role] for role in ("value", "name") if role in fact.cells), None)
    return {
        "reference": fact.citation,
        "kind": fact.kind,
        "name": fact.name,
        "value": None if fact.value is None else str(fact.value),
        "unit": fact.unit,
        "when": fact.when.text if fact.when else None,
        "path": cell.path if cell else None,
    }


def _series(key: str, one: Series, range_: Range | None) -> dict[str, Any]:
    return {
        "key": key,
        "name": one.measurement.name,
        "unit": one.measurement.unit,
        "range": None
        if range_ is None
        else {
            "low": None if range_.low is None else str(range_.low),
            "high": None if range_.high is None else str(range_.high),
            "source": range_.source,
        },
        "points": [_point(p, one) for p in one.points[-LATEST:]],
        "earlier": max(0, len(one.points) - LATEST),
    }


def _point(point: Point, one: Series) -> dict[str, Any]:
    return {
        "fact": point.fact.id,
        "reference": point.fact.citation,
        "when": point.when.text,
        "value": one.measurement.shown(point.value),
        "path": point.fact.cells["value"].path if "value" in point.fact.cells else None,
        "doubt": point.doubt,
    }
