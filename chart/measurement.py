"""What one measures: names, equivalent codes, units, limits and reference ranges, from the curated tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from chart.fact import Fact
from chart.site_tables import read_table
from chart.units import convert, same_unit

LOINC = "http://loinc.org"


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """Low and high of a reference or critical range; either may be open."""

    low: Decimal | None
    """Values below are abnormal."""
    high: Decimal | None
    """Values above are abnormal."""
    source: str
    """Where the range comes from; ``result`` for the resource's own."""

    def side(self, value: Decimal) -> str:
        """``low``, ``high`` or ``within``."""
        if self.low is not None and value < self.low:
            return "low"
        if self.high is not None and value > self.high:
            return "high"
        return "within"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """When a difference between two values counts."""

    absolute: Decimal | None = None
    """At least this much, in the measurement's unit."""
    percent: Decimal | None = None
    """At least this share of the first value."""
    floor: Decimal | None = None
    """Neither value counts below this."""
    outside: tuple[Decimal, Decimal] | None = None
    """The later value lies outside this range."""
    fall: Decimal | None = None
    """A fall of at least this much."""
    below: Decimal | None = None
    """The later value lies below this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """One thing measured, whatever codes it came under."""

    key: str
    """Stable name in rules and JSON."""
    name: str
    """What a clinician calls it."""
    unit: str
    """UCUM unit that values are shown and compared in."""
    decimals: tuple[int, int]
    """Least and most decimals shown."""
    limits: tuple[Decimal, Decimal] | None
    """Physiologic limits; outside them the value is a slip."""
    molar: Decimal | None
    """Molar mass in g/mol, where mass and molar units both occur."""
    linear: Mapping[str, tuple[Decimal, Decimal]]
    """Slope and intercept from units that are a calibration apart."""
    change: Change | None
    """What counts as a change; ``None``: listed, never noteworthy by itself."""

    def value_of(self, fact: Fact) -> Decimal | None:
        """The fact's number in this unit, or ``None`` when it has none or its unit does not convert."""
        if not isinstance(fact.value, Decimal) or "comparator" in fact.tags:
            return None
        if not fact.unit:
            return fact.value
        if same_unit(fact.unit, self.unit):
            return fact.value
        line = next((line for unit, line in self.linear.items() if same_unit(fact.unit, unit)), None)
        if line:
            return (fact.value * line[0] + line[1]).quantize(Decimal("0.01"))
        return convert(fact.value, fact.unit, self.unit, molar=self.molar)

    def shown(self, value: Decimal) -> str:
        """The number as shown: so many decimals, and more where rounding would mislead by over 1.5 %."""
        least, most = self.decimals
        for places in range(most, most + 3):
            rounded = round_to(value, places)
            if value == 0 or abs(rounded - value) <= abs(value) * 15 / 1000:
                break
        text = f"{rounded:f}"
        while "." in text and text.endswith("0") and len(text.partition(".")[2]) > least:
            text = text[:-1]
        return text.rstrip(".")


def round_to(value: Decimal, places: int) -> Decimal:
    """Round half up to so many decimals; a number too long for that comes back as it is."""
    if value.adjusted() + places >= 27:  # the context's 28 digits; no measurement is so large
        return value
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """The whole table, with its ranges."""

    by_key: Mapping[str, Measurement]
    """Measurements by key."""
    by_loinc: Mapping[str, str]
    """LOINC code → key."""
    ranges: tuple[Mapping[str, Any], ...]
    """Reference ranges, as the table has them."""
    critical: Mapping[str, Range]
    """Critical values by measurement key."""
    source: str
    """Where the ranges come from, in words."""

    def measured_by(self, fact: Fact) -> Measurement | None:
        """The measurement of a result, or ``None`` for a code outside the table."""
        for coding in fact.codes:
            key = self.by_loinc.get(coding.code) if coding.system in (LOINC, "") else None
            if key:
                return self.by_key[key]
        return None

    def range_for(
        self, key: str, *, sex: str, age: float | None, trimester: int | None = None, fact: Fact | None = None
    ) -> Range | None:
        """The result's own range, else the table's, else ``None``: then nothing is said.

        Args:
            key: the measurement.
            sex: as the record has it.
            age: years on the day of the result, with their fraction.
            trimester: of a pregnancy under way that something dates.
            fact: the result, whose own range comes first.
        """
        own = _own_range(fact, self.by_key[key]) if fact else None
        if own:
            return own
        for row in self.ranges:
            if row["measurement"] == key and row.get("sex", sex) == sex and _fits(row, age, trimester):
                source = str(row.get("source", self.source))
                return Range(low=_number(row.get("low")), high=_number(row.get("high")), source=source)
        return None


def _own_range(fact: Fact, measurement: Measurement) -> Range | None:
    low, high = fact.beside("range_low"), fact.beside("range_high")
    if not (low or high) or (fact.unit and not same_unit(fact.unit, measurement.unit)):
        return None
    return Range(low=Decimal(low.text) if low else None, high=Decimal(high.text) if high else None, source="result")


def _fits(row: Mapping[str, Any], age: float | None, trimester: int | None) -> bool:
    if "trimester" in row:
        return trimester in row["trimester"]
    if "from" not in row and "to" not in row:
        return True
    return age is not None and row.get("from", 0) <= age < row.get("to", 200)


def _number(value: Any) -> Decimal | None:  # noqa: ANN401 - a TOML scalar
    return None if value is None else Decimal(str(value))


@lru_cache(maxsize=4)
def measurements(site: Path | None = None) -> Measurements:
    """The measurement and range tables, read once."""
    rows = {key: row for key, row in read_table("measurements", site).items() if key != "source"}
    by_key = {key: _measurement(key, row) for key, row in rows.items()}
    table = read_table("reference_ranges", site)
    return Measurements(
        by_key=by_key,
        by_loinc={code: key for key, row in rows.items() for code in row["loinc"]},
        ranges=tuple(table["range"]),
        critical={
            row["measurement"]: Range(
                low=_number(row.get("low")), high=_number(row.get("high")), source="critical values"
            )
            for row in table["critical"]
        },
        source=str(table["source"]["name"]),
    )


def _measurement(key: str, row: Mapping[str, Any]) -> Measurement:
    limits, rule = row.get("limits"), row.get("change")
    return Measurement(
        key=key,
        name=row["name"],
        unit=row["unit"],
        decimals=(row["decimals"][0], row["decimals"][1]),
        limits=(Decimal(str(limits[0])), Decimal(str(limits[1]))) if limits else None,
        molar=_number(row.get("molar")),
        linear={unit: (Decimal(str(line[0])), Decimal(str(line[1]))) for unit, line in row.get("linear", {}).items()},
        change=_change(rule) if rule else None,
    )


def _change(rule: Mapping[str, Any]) -> Change:
    outside = rule.get("outside")
    return Change(
        absolute=_number(rule.get("absolute")),
        percent=_number(rule.get("percent")),
        floor=_number(rule.get("floor")),
        outside=(Decimal(str(outside[0])), Decimal(str(outside[1]))) if outside else None,
        fall=_number(rule.get("fall")),
        below=_number(rule.get("below")),
    )
