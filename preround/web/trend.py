"""One measurement over time as a small chart: geometry for inline SVG, and the rows of the table behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chart.moment import parse_moment
from chart.units import shown
from preround.web.wording import DOUBTS, date_words

WIDTH, HEIGHT = 340, 150
LEFT, RIGHT, TOP, BOTTOM = 44, 328, 12, 126
"""Edges of the drawing area, in SVG units."""
DRAWN = 48
"""So many of the latest points are drawn; the table has as many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dot:
    """One value."""

    x: float
    """From the left, in SVG units."""
    y: float
    """From the top, in SVG units."""
    hollow: bool
    """True for a value that is not relied on."""
    beyond: bool
    """True where the value lies outside the scale and is drawn at its edge."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table."""

    when: str
    """Date in words."""
    value: str
    """As shown, without unit."""
    doubt: str | None
    """Why it is not relied on."""
    fact: str
    """Short id, for the link."""
    side: str | None
    """`above` or `below` the reference range."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """One chart."""

    name: str
    """What is measured."""
    unit: str
    """Its unit, as it is written."""
    latest: str
    """The last value that is relied on, with its date."""
    summary: str
    """The chart in one sentence, for those who do not see it."""
    range_words: str | None
    """The reference range."""
    range_source: str | None
    """Where the range comes from."""
    band: tuple[float, float] | None
    """Top and height of the reference range's band."""
    line: str
    """SVG points of the values that are relied on."""
    dots: tuple[Dot, ...]
    """All values drawn."""
    ticks: tuple[tuple[float, str], ...]
    """Height and text of the scale's marks."""
    first: str
    """Date at the left."""
    last: str
    """Date at the right."""
    rows: tuple[Row, ...]
    """The table, latest first."""
    earlier: int
    """So many earlier values are neither drawn nor listed."""


def trend(series: Mapping[str, Any]) -> Trend | None:
    """The chart of a series as a round's result has it; `None` where fewer than two values can be drawn."""
    points = [p for p in series["points"] if parse_moment(p["when"])]
    drawn = points[-DRAWN:]
    relied = [p for p in drawn if p["doubt"] is None]
    if len(drawn) < 2 or not relied:
        return None
    low, high = _bounds(series["range"])
    ticks = _ticks([float(p["value"]) for p in relied], low, high)
    scale = _Scale(drawn, ticks)
    dots = tuple(scale.dot(p) for p in drawn)
    return Trend(
        name=series["name"],
        unit=shown(series["unit"]),
        latest=f"{relied[-1]['value']} {shown(series['unit'])}, {date_words(relied[-1]['when'])}",
        summary=_summary(series, drawn, relied),
        range_words=_range_words(series["range"], shown(series["unit"])),
        range_source=series["range"]["source"] if series["range"] else None,
        band=scale.band(low, high),
        line=" ".join(f"{d.x:g},{d.y:g}" for d in dots if not d.hollow),
        dots=dots,
        ticks=tuple((scale.y(t), f"{t:g}") for t in ticks),
        first=date_words(drawn[0]["when"]),
        last=date_words(drawn[-1]["when"]),
        rows=tuple(_row(p, low, high) for p in reversed(drawn)),
        earlier=series.get("earlier", 0) + len(points) - len(drawn),
    )


class _Scale:
    """From values and days to SVG units."""

    def __init__(self, drawn: Sequence[Mapping[str, Any]], ticks: Sequence[float]) -> None:
        seconds = [_seconds(p) for p in drawn]
        self._start, self._span = min(seconds), (max(seconds) - min(seconds)) or 1.0
        self._low, self._high = ticks[0], ticks[-1]

    def y(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return round(BOTTOM - share * (BOTTOM - TOP), 1)

    def dot(self, point: Mapping[str, Any]) -> Dot:
        value = float(point["value"])
        x = LEFT + (_seconds(point) - self._start) / self._span * (RIGHT - LEFT)
        return Dot(
            x=round(x, 1),
            y=self.y(min(max(value, self._low), self._high)),
            hollow=point["doubt"] is not None,
            beyond=not self._low <= value <= self._high,
        )

    def band(self, low: float | None, high: float | None) -> tuple[float, float] | None:
        if low is None and high is None:
            return None
        top = self.y(min(max(high if high is not None else self._high, self._low), self._high))
        bottom = self.y(min(max(low if low is not None else self._low, self._low), self._high))
        return (top, round(bottom - top, 1)) if bottom > top else None


def _seconds(point: Mapping[str, Any]) -> float:
    moment = parse_moment(point["when"])
    return moment.start.timestamp() if moment else 0.0


def _bounds(range_: Mapping[str, Any] | None) -> tuple[float | None, float | None]:
    if range_ is None:
        return None, None
    return (
        None if range_["low"] is None else float(range_["low"]),
        None if range_["high"] is None else float(range_["high"]),
    )


def _ticks(values: Sequence[float], low: float | None, high: float | None) -> list[float]:
    """Three to six round numbers around the values that are relied on, and the range's edges where they are near."""
    least, most = min(values), max(values)
    spread = (most - least) or abs(most) * 0.1 or 1.0
    near = [edge for edge in (low, high) if edge is not None and least - 2 * spread <= edge <= most + 2 * spread]
    least, most = min([least, *near]), max([most, *near])
    # A scale finer than a tenth of the value would make noise look like a trend.
    short = (abs(most) * 0.1 or 1.0) - (most - least)
    if short > 0:
        least, most = least - short / 2, most + short / 2
    rough = (most - least) / 3
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    start = math.floor(least / step + 1e-9)
    end = max(math.ceil(most / step - 1e-9), start + 1)
    return [round(index * step, 10) for index in range(start, end + 1)]


def _range_words(range_: Mapping[str, Any] | None, unit: str) -> str | None:
    if range_ is None:
        return None
    low, high = range_["low"], range_["high"]
    if low is not None and high is not None:
        return f"{low}–{high} {unit}"
    return f"at most {high} {unit}" if high is not None else f"at least {low} {unit}"


def _row(point: Mapping[str, Any], low: float | None, high: float | None) -> Row:
    value = float(point["value"])
    side = "above" if high is not None and value > high else "below" if low is not None and value < low else None
    return Row(
        when=date_words(point["when"]),
        value=point["value"],
        doubt=DOUBTS.get(point["doubt"], point["doubt"]) if point["doubt"] else None,
        fact=point["fact"],
        side=side if point["doubt"] is None else None,
    )


def _summary(series: Mapping[str, Any], drawn: Sequence[Mapping[str, Any]], relied: Sequence[Mapping[str, Any]]) -> str:
    first, last = relied[0], relied[-1]
    doubtful = len(drawn) - len(relied)
    return (
        f"{series['name']}, {len(drawn)} values: {first['value']} on {date_words(first['when'])}, "
        f"{last['value']} {shown(series['unit'])} on {date_words(last['when'])}"
        + (f"; {doubtful} not relied on and drawn hollow" if doubtful else "")
    )
