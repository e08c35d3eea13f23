"""Facts, series and outcomes as JSON rows: values as written, each with the versioned resource it stands in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from chart.addressed import reads_like_instruction
from chart.chart import Chart
from chart.fact import Fact
from chart.measurement import Range
from chart.series import Point, Series
from tools.guidelines.outcome import Outcome

LONGEST = 8_000
"""Characters of a note that one answer holds."""


def fact_row(fact: Fact) -> dict[str, Any]:
    """One fact; what it does not state is left out."""
    row = {
        "id": fact.id,
        "kind": fact.kind,
        "name": fact.name,
        "value": None if fact.value is None else _written(fact),
        "unit": fact.unit,
        "when": fact.when.text if fact.when else None,
        "ended": fact.ended.text if fact.ended else None,
        "status": fact.status,
        "codes": [asdict(coding) for coding in fact.codes],
        "tags": sorted(fact.tags),
        "source": fact.citation,
        "reads_like_instruction": reads_like_instruction(f"{fact.name} {fact.value}"),
    }
    return {name: value for name, value in row.items() if value not in (None, "", [], False)}


def _written(fact: Fact) -> str:
    return f"{fact.cells['comparator'].text if 'comparator' in fact.cells else ''}{fact.value}"


def whole_fact(chart: Chart, fact: Fact) -> dict[str, Any]:
    """One fact with its literals and their paths, and the text where it is a note or report."""
    cells = {role: {"path": cell.path, "text": cell.text[:LONGEST]} for role, cell in fact.cells.items()}
    row = {**fact_row(fact), "cells": cells}
    note = next((one for one in chart.notes if one.fact.reference == fact.reference), None)
    if note is not None:
        row |= {"text": note.text[:LONGEST], "text_path": note.path}
        if len(note.text) > LONGEST:
            row["text_left_out"] = f"the last {len(note.text) - LONGEST} characters"
        if reads_like_instruction(note.text):
            row["reads_like_instruction"] = True
    return row


def is_coded(fact: Fact, code: str) -> bool:
    """Whether a fact has this code, given as `system|code` or the code alone."""
    system, bar, bare = code.rpartition("|")
    return any(c.code == bare and (not bar or c.system == system) for c in fact.codes)


def series_row(series: Series, span: Range | None) -> dict[str, Any]:
    """One series on a line: how many values, from when to when, the last one that may be relied on."""
    relied = series.trusted
    last = relied[-1] if relied else None
    return {
        "measurement": series.measurement.key,
        "name": series.measurement.name,
        "unit": series.measurement.unit,
        "values": len(series.points),
        "do_not_rely_on": len(series.doubtful) + len(series.unconverted),
        "first": series.points[0].when.text if series.points else None,
        "last": last.when.text if last else None,
        "last_value": series.measurement.shown(last.value) if last else None,
        "side": span.side(last.value) if last and span else None,
    }


def whole_series(series: Series, span: Range | None) -> dict[str, Any]:
    """One series with every value, oldest first, and its reference range."""
    limits = None
    if span is not None:
        low, high = (None if one is None else f"{one:f}" for one in (span.low, span.high))
        limits = {"low": low, "high": high, "source": span.source}
    points = [_point_row(series, point) for point in series.points]
    unread = [fact_row(fact) for fact in series.unconverted]
    return {**series_row(series, span), "reference_range": limits, "points": points, "unit_not_converted": unread}


def _point_row(series: Series, point: Point) -> dict[str, Any]:
    row = {
        "when": point.when.text,
        "value": series.measurement.shown(point.value),
        "fact": point.fact.id,
        "source": point.fact.citation,
    }
    return row if point.doubt is None else {**row, "do_not_rely_on": point.doubt}


def outcome_row(outcome: Outcome, *, whole: bool) -> dict[str, Any]:
    """What came of one recommendation and why; with its clauses where asked for."""
    found = outcome.recommendation
    row: dict[str, Any] = {
        "id": found.id,
        "version": found.version,
        "title": found.title,
        "why": outcome.why,
        "detail": outcome.detail,
        "because": [asdict(one) for one in outcome.because],
        "citation": found.citation,
        "url": found.url,
    }
    if outcome.action is not None:
        row["action"] = dict(outcome.action)
    if whole:
        row["clauses"] = [{**asdict(one), "looked_at": list(one.looked_at)} for one in outcome.clauses]
    return row


def newest_first(facts: Iterable[Fact]) -> list[Fact]:
    """Facts by date, the undated last."""
    return sorted(facts, key=lambda f: f.when.start.timestamp() if f.when else float("-inf"), reverse=True)
