"""Visits, medicines and results over time as one drawing, and the rows of the table behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from chart.moment import parse_moment
from preround.web.wording import date_words

WIDTH, LEFT, RIGHT = 720, 150, 708
"""Width of the drawing and the edges of its time axis, in SVG units."""
ROW = 17
"""Height of one medicine's row."""
TOP = 52
"""Where the medicines begin, below visits and results."""
DRAWN = 14
"""So many medicines are drawn; the table has them all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """One moment."""

    x: float
    """From the left."""
    words: str
    """What and when."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One medicine over time."""

    x: float
    """Where it begins."""
    width: float
    """How long."""
    y: float
    """Its row."""
    name: str
    """The medicine, cut to fit."""
    past: bool
    """Whether it is no longer in use, or nobody knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table."""

    when: str
    """Date in words, or from and to."""
    what: str
    """What it is."""
    kind: str
    """visit, medicine or results."""
    href: str
    """Its source."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """The drawing and its table."""

    height: float
    """Of the drawing."""
    visits: tuple[Mark, ...]
    """When the patient came."""
    results: tuple[Mark, ...]
    """Days with results."""
    bars: tuple[Bar, ...]
    """Medicines."""
    years: tuple[Mark, ...]
    """Where years begin."""
    rows: tuple[Row, ...]
    """Everything, latest first."""
    summary: str
    """The drawing in one sentence."""
    undrawn: int
    """So many medicines stand in the table alone."""
    left_out: int
    """So much more there is."""


def timeline(given: Mapping[str, Any] | None, item_id: str) -> Timeline | None:
    """The timeline of a round's result; `None` where it has none, or nothing on it."""
    if not given or not (given["visits"] or given["medicines"] or given["results"]):
        return None
    start, end = date.fromisoformat(given["start"]), date.fromisoformat(given["end"])
    span = max((end - start).days, 1)

    def x(text: str | None) -> float:
        moment = parse_moment(text) if text else None
        days = (moment.date - start).days if moment else 0
        return round(LEFT + min(max(days / span, 0), 1) * (RIGHT - LEFT), 1)

    drawn = given["medicines"][:DRAWN]
    return Timeline(
        height=TOP + ROW * len(drawn) + 20,
        visits=tuple(Mark(x=x(v["when"]), words=f"{v['name']}, {date_words(v['when'])}") for v in given["visits"]),
        results=tuple(Mark(x=x(r["when"]), words=_measured(r)) for r in given["results"]),
        bars=tuple(
            Bar(
                x=x(m["from"]),
                width=max(round(x(m["to"]) - x(m["from"]), 1), 2),
                y=TOP + ROW * n,
                name=m["name"] if len(m["name"]) <= 24 else f"{m['name'][:23]}…",
                past=m["state"] not in ("current", "held"),
            )
            for n, m in enumerate(drawn)
        ),
        years=tuple(Mark(x=x(f"{y}-01-01"), words=str(y)) for y in range(start.year + 1, end.year + 1)),
        rows=tuple(_rows(given, item_id)),
        summary=(
            f"{date_words(given['start'])} to {date_words(given['end'])}: {len(given['visits'])} visits, "
            f"{len(given['medicines'])} medicines, results on {len(given['results'])} days; all in the table below"
        ),
        undrawn=len(given["medicines"]) - len(drawn),
        left_out=given["left_out"],
    )


def _rows(given: Mapping[str, Any], item_id: str) -> Sequence[Row]:
    dated = [(v["when"], v["name"], "visit", v["fact"]) for v in given["visits"]]
    dated += [(r["when"], _counted(r), "results", r["fact"]) for r in given["results"]]
    rows = [(when or "", date_words(when), what, kind, fact) for when, what, kind, fact in dated]
    for m in given["medicines"]:
        until = "in use" if m["state"] in ("current", "held") else f"last ordered {date_words(m['to'])}"
        when = f"{date_words(m['from'])}, {until}"
        rows.append((m["from"] or "", when, m["name"], f"medicine, {m['state']}", m["fact"]))
    return [
        Row(when=when, what=what, kind=kind, href=f"/items/{item_id}/sources/{fact}#cited")
        for _, when, what, kind, fact in sorted(rows, key=lambda row: row[0], reverse=True)
    ]


def _counted(result: Mapping[str, Any]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in result["counts"].items())


def _measured(result: Mapping[str, Any]) -> str:
    return f"{_counted(result)}, {date_words(result['when'])}"
