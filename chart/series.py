"""Series: one measurement over time, whatever its codes; same-moment conflicts and implausible points set apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from chart.chart import Chart
from chart.fact import Fact
from chart.measurement import Measurement, Measurements
from chart.moment import Moment

Doubt = Literal["conflict", "outside_limits", "repeated_decimals", "contradicted", "unit_slip", "unit_unknown"]
"""Why a point is not relied on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One value of a series."""

    fact: Fact
    """The result it stands on."""
    when: Moment
    """When it was measured."""
    value: Decimal
    """In the series' unit."""
    doubt: Doubt | None = None
    """Set when the value is not relied on."""

    @property
    def day(self) -> date:
        """The calendar day in the record's own time zone."""
        return self.when.date


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """All values of one measurement up to ``as_of``, oldest first."""

    measurement: Measurement
    """What is measured and how it is shown."""
    points: tuple[Point, ...]
    """Every value, doubtful ones too."""
    unconverted: tuple[Fact, ...] = ()
    """Results whose unit could not be converted; said, not compared."""

    @property
    def trusted(self) -> tuple[Point, ...]:
        """The values that trends, guidelines and sentences may rely on."""
        return tuple(p for p in self.points if p.doubt is None)

    @property
    def doubtful(self) -> tuple[Point, ...]:
        """The values that are shown under "Do not rely on"."""
        return tuple(p for p in self.points if p.doubt is not None)

    @property
    def latest(self) -> Point | None:
        """The last value that can be relied on."""
        trusted = self.trusted
        return trusted[-1] if trusted else None

    @property
    def speaking(self) -> Point | None:
        """The last value that can be read: one that another value of its sample contradicts is still the last word."""
        readable = [p for p in self.points if p.doubt in (None, "contradicted")]
        return readable[-1] if readable else None

    def doubting(self, doubts: dict[str, Doubt]) -> Series:
        """The same series with points (by fact id) marked as doubtful; a doubt once set stays."""
        found = (doubts.get(p.fact.id) if p.doubt is None else None for p in self.points)
        return replace(
            self,
            points=tuple(replace(p, doubt=new) if new else p for p, new in zip(self.points, found, strict=True)),
        )


def build_series(chart: Chart, table: Measurements) -> dict[str, Series]:
    """Group all numeric results by measurement, convert them, and mark what contradicts itself.

    Returns:
        Series by measurement key. Results under codes outside the table are not in any series: they are still facts.
    """
    groups: dict[str, list[Fact]] = {}
    for fact in chart.of("lab", "vital", "survey", "other"):
        measurement = table.measured_by(fact)
        if measurement and fact.when and isinstance(fact.value, Decimal):
            groups.setdefault(measurement.key, []).append(fact)
    return {key: _series(table.by_key[key], facts) for key, facts in groups.items()}


def _series(measurement: Measurement, facts: Sequence[Fact]) -> Series:
    points, unconverted = [], []
    for fact in facts:
        value = measurement.value_of(fact)
        if value is None or fact.when is None:
            unconverted.append(fact)
            continue
        points.append(Point(fact=fact, when=fact.when, value=value, doubt=_limits_doubt(measurement, fact, value)))
    points.sort(key=lambda p: (p.when.start, p.value, p.fact.id))
    return Series(measurement=measurement, points=tuple(_conflicts(points)), unconverted=tuple(unconverted))


def _limits_doubt(measurement: Measurement, fact: Fact, value: Decimal) -> Doubt | None:
    limits = measurement.limits
    if limits and not limits[0] <= value <= limits[1]:
        return "outside_limits"
    return None if fact.unit or measurement.unit.startswith("{") else "unit_unknown"


def _conflicts(points: Sequence[Point]) -> list[Point]:
    """Mark values of the same moment that differ, and drop repeats of the same value at the same moment."""
    found: list[Point] = []
    by_moment: dict[object, list[Point]] = {}
    for point in points:
        by_moment.setdefault(_moment_key(point), []).append(point)
    for together in by_moment.values():
        values = {p.value for p in together if p.doubt is None}
        if len(values) > 1 and _differ(values):
            found.extend(replace(p, doubt=p.doubt or "conflict") for p in together)
        else:
            seen: set[Decimal] = set()
            for point in together:
                if point.value not in seen:
                    seen.add(point.value)
                    found.append(point)
    return found


def _moment_key(point: Point) -> object:
    return point.when.start if point.when.precision == "second" else (point.day, point.when.precision)


def _differ(values: set[Decimal]) -> bool:
    """More than 5 % apart: the same specimen cannot mean both."""
    low, high = min(values), max(values)
    return high - low > abs(high) / 20
