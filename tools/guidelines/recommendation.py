"""A recommendation as it stands in one version of one guideline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommendation:
    """One thing that a guideline asks for, with where it comes from and when it counts."""

    id: str
    """Stays the same from version to version, e.g. `diabetes-hba1c`."""
    title: str
    """What is recommended, in the words to show."""
    version: str
    """Edition of the guideline and revision of our encoding, e.g. `2021.1`."""
    start: date
    """First day in force."""
    end: date | None
    """Last day in force, that day included; none while nothing has replaced it."""
    strength: str
    """What the grade stands for, in words."""
    grade: str
    """The grade that the publisher gave, e.g. `A`."""
    citation: str
    """Where the recommendation is printed."""
    url: str
    """Address of the citation."""
    publisher: str
    """Who made the recommendation (not this encoding)."""
    topics: tuple[str, ...]
    """What it is about, e.g. `diabetes`."""
    priority: str
    """How pressing it is when due: `urgent`, `asap` or `routine`."""
    experimental: bool
    """Whether the encoding awaits a check against the printed guideline; it is silent unless a site shows it."""
    canonical: str
    """Canonical address of the PlanDefinition, without the version."""
    library: str
    """Name of the CQL library that decides it."""
    activity: Mapping[str, Any]
    """The ActivityDefinition: what to propose where it is due."""
    interval_days: int = 365
    """For how many days an answer (declined, done elsewhere, later) keeps it from being suggested again."""

    def in_force(self, as_of: datetime) -> bool:
        """Whether it counts on the day of `as_of` (in its own time zone)."""
        day = as_of.date()
        return self.start <= day and (self.end is None or day <= self.end)


UNIT_DAYS: Mapping[str, int] = {"d": 1, "wk": 7, "mo": 30, "a": 365}


def interval_of(action: Mapping[str, Any], otherwise: int = 365) -> int:
    """Days of the interval that a plan's action gives (`timingTiming.repeat`), else `otherwise`."""
    repeat = action.get("timingTiming", {}).get("repeat", {})
    unit = UNIT_DAYS.get(str(repeat.get("periodUnit", "")))
    return max(1, round(float(repeat["period"]) * unit)) if unit and "period" in repeat else otherwise
