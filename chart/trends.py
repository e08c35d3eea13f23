"""What changed: between the last two days with data, over twelve months, and slow trends that single visits hide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from chart.finding import Finding
from chart.measurement import Change, Range
from chart.moment import months_before
from chart.series import Point, Series

Direction = Literal["up", "down", "same"]
_NO_TREND = frozenset(
    {"height", "bmi", "pain", "systolic", "diastolic", "head_circumference", "temperature", "heart_rate"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """First and last value of a measurement in a window."""

    key: str
    """Measurement key."""
    first: Point
    """The earlier value."""
    last: Point
    """The later value."""
    direction: Direction
    """Which way it went."""
    crossed: Literal["into_range", "out_of_range", "no", "unknown"]
    """Whether it crossed the reference range; ``unknown`` where there is none."""
    noteworthy: bool
    """Whether the measurement's rule says that the change counts."""

    @property
    def difference(self) -> Decimal:
        """Last minus first, in the series' unit."""
        return self.last.value - self.first.value


def movements(series: Mapping[str, Series], ranges: Mapping[str, Range], start: date, end: date) -> list[Movement]:
    """For each measurement its first and last trusted value in ``[start, end]``; one value alone is no movement."""
    found = []
    for key, one in series.items():
        inside = [p for p in one.trusted if start <= p.day <= end]
        if len(inside) < 2:
            continue
        found.append(movement(key, one, inside[0], inside[-1], ranges.get(key)))
    return found


def movement(key: str, one: Series, first: Point, last: Point, range_: Range | None) -> Movement:
    """Compare two values of a series."""
    direction: Direction = "up" if last.value > first.value else "down" if last.value < first.value else "same"
    return Movement(
        key=key,
        first=first,
        last=last,
        direction=direction,
        crossed=_crossed(first.value, last.value, range_),
        noteworthy=_counts(one.measurement.change, first, last),
    )


def _crossed(
    first: Decimal, last: Decimal, range_: Range | None
) -> Literal["into_range", "out_of_range", "no", "unknown"]:
    if range_ is None:
        return "unknown"
    before, after = range_.side(first), range_.side(last)
    if before == after:
        return "no"
    return "into_range" if after == "within" else "out_of_range"


def _counts(rule: Change | None, first: Point, last: Point) -> bool:
    if rule is None or first.value == last.value:
        return False
    moved = abs(last.value - first.value)
    high_enough = rule.floor is None or max(first.value, last.value) >= rule.floor
    tests = (
        rule.absolute is not None and moved >= rule.absolute,
        rule.percent is not None and first.value != 0 and moved * 100 >= rule.percent * abs(first.value),
        rule.fall is not None and first.value - last.value >= rule.fall,
        rule.below is not None and last.value < rule.below,
        rule.outside is not None and not rule.outside[0] <= last.value <= rule.outside[1],
    )
    return high_enough and any(tests)


def slow_trends(
    series: Mapping[str, Series], ranges: Mapping[str, Range], today: date, *, steady: bool
) -> list[Finding]:
    """Latest value against the one about a year before (6 to 24 months): changes that count and are still recent.

    A rise of LDL or a fall of eGFR shows here even when each step was small. Weight of a child or in pregnancy
    (``steady`` is false) is growth, and what changes inside its range then is no trend.
    """
    found = []
    for key, one in series.items():
        last = one.latest
        if last is None or key in _NO_TREND or (key == "weight" and not steady) or last.day < months_before(today, 15):
            continue
        window = [p for p in one.trusted if timedelta(days=180) <= last.day - p.day <= timedelta(days=750)]
        if not window:
            continue
        moved = movement(key, one, window[0], last, ranges.get(key))
        if moved.noteworthy and _large(moved) and _worse(key, moved, ranges.get(key), steady=steady):
            found.append(
                Finding(
                    kind="trend",
                    key=key,
                    when=last.when.start,
                    points=tuple(p for p in one.trusted if p.when.start >= window[0].when.start),
                )
            )
    return found


def _large(moved: Movement) -> bool:
    """A tenth of a unit over a limit is a change for the table, not a trend for the top of the page."""
    return abs(moved.difference) * 20 >= abs(moved.first.value)


_TOLD_INSIDE_RANGE = frozenset({"egfr", "hemoglobin", "mmse"})
_LOWER_IS_WORSE = frozenset({"egfr", "hemoglobin", "spo2", "fev1_fvc", "albumin", "mmse", "platelets"})
_HIGHER_IS_WORSE = frozenset(
    {
        "creatinine",
        "hba1c",
        "uacr",
        "ldl",
        "triglycerides",
        "alt",
        "ast",
        "crp",
        "glucose",
        "urea_nitrogen",
        "nt_probnp",
        "bnp",
        "troponin_i",
    }
)


def _worse(key: str, moved: Movement, range_: Range | None, *, steady: bool) -> bool:
    """Only a change for the worse belongs on top; of the rest, one that ends outside its range."""
    if key == "weight":
        return True
    outside = range_ is not None and range_.side(moved.last.value) != "within"
    if key in _LOWER_IS_WORSE:
        return moved.direction == "down" and (outside or (steady and key in _TOLD_INSIDE_RANGE))
    if key in _HIGHER_IS_WORSE:
        return moved.direction == "up" and outside
    return outside


def critical(
    series: Mapping[str, Series], limits: Mapping[str, Range], today: date, last_day: date | None
) -> list[Finding]:
    """Latest values beyond the critical limits, of the last thirty days or of the last day with data."""
    found = []
    for key, limit in limits.items():
        one = series.get(key)
        last = one.latest if one else None
        if last is None or limit_side(limit, last.value) == "within":
            continue
        if (today - last.day).days <= 30 or last.day == last_day:
            found.append(Finding(kind="critical", key=key, when=last.when.start, points=(last,)))
    return found


_BY_AGE = ("systolic", "diastolic", "heart_rate", "respiratory_rate")


def for_age(series: Mapping[str, Series], ranges: Mapping[str, Range], today: date) -> list[Finding]:
    """A child's last vital signs outside what is usual at the age, in one finding; those of the last fifteen months."""
    points = []
    for key in _BY_AGE:
        last = series[key].latest if key in series else None
        own = ranges.get(key)
        if last and own and last.day >= months_before(today, 15) and own.side(last.value) != "within":
            points.append(last)
    if not points:
        return []
    return [Finding(kind="for_age", key="vitals", when=max(p.when.start for p in points), points=tuple(points))]


def limit_side(limit: Range, value: Decimal) -> str:
    """``low`` or ``high`` at or beyond a critical limit, else ``within``."""
    if limit.low is not None and value <= limit.low:
        return "low"
    if limit.high is not None and value >= limit.high:
        return "high"
    return "within"


def acute(series: Mapping[str, Series], today: date, *, heart_failure: bool) -> list[Finding]:
    """Fast changes: creatinine by KDIGO (0.3 mg/dL in 48 h, half as much again in 7 days), weight in heart failure."""
    found = []
    creatinine = series.get("creatinine")
    if creatinine and (rise := _kidney(creatinine, today)):
        found.append(Finding(kind="trend", key="creatinine", when=rise[-1].when.start, points=rise))
    weight = series.get("weight")
    if heart_failure and weight and (gain := _gain(weight, today)):
        found.append(Finding(kind="trend", key="weight", when=gain[-1].when.start, points=gain))
    return found


def _kidney(one: Series, today: date) -> tuple[Point, ...]:
    last = one.latest
    if last is None or (today - last.day).days > 30:
        return ()
    for hours in (48, 168):
        since = last.when.start - timedelta(hours=hours + 1)
        inside = [p for p in one.trusted if since <= p.when.start <= last.when.start]
        lowest = min(inside, key=lambda p: p.value)
        enough = lowest.value + Decimal("0.3") if hours == 48 else lowest.value * Decimal("1.5")
        if lowest.when.start < last.when.start and last.value >= enough:
            return tuple(p for p in inside if p.when.start >= lowest.when.start)
    return ()


def _gain(one: Series, today: date) -> tuple[Point, ...]:
    last = one.latest
    if last is None or (today - last.day).days > 14:
        return ()
    inside = [p for p in one.trusted if last.when.start - timedelta(days=3) <= p.when.start <= last.when.start]
    return tuple(inside) if len(inside) > 1 and last.value - inside[0].value > 2 else ()
