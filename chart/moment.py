"""FHIR dates as the record wrote them: partial dates stay partial."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal

Precision = Literal["year", "month", "day", "second"]

_SHAPE = re.compile(
    r"^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$"
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Moment:
    """A point in clinical time, known to a year, a month, a day or a second."""

    start: datetime
    """The first instant it can mean, in UTC; the sort key."""
    text: str
    """The literal as the resource has it."""
    precision: Precision
    """How much of it is known."""
    year: int
    """The calendar year in the record's own time zone."""
    month: int | None
    """The month, 1 to 12, when known."""
    day: int | None
    """The day of the month, when known."""
    stamp: float = field(repr=False, compare=False)
    """`start` in seconds since 1970: facts are sorted by it, which is much faster than by instants."""

    @property
    def date(self) -> date:
        """The first calendar day that it can mean, in the record's own time zone."""
        return date(self.year, self.month or 1, self.day or 1)

    def words(self, *, year: bool = True) -> str:
        """The date as a clinician writes it: ``14 May 2021``, ``May 2021`` or ``2021``."""
        parts = [str(self.day)] if self.day else []
        if self.month:
            parts.append(MONTHS[self.month - 1])
        if year or not self.month:
            parts.append(str(self.year))
        return " ".join(parts)


@lru_cache(maxsize=20_000)
def parse_moment(text: str) -> Moment | None:
    """Parse a FHIR date, dateTime or instant; ``None`` when it is not one.

    A time without an offset counts as UTC.
    """
    found = _SHAPE.match(text)
    if not found:
        return None
    year, month, day, hour, minute, second, zone = found.groups()
    try:
        if hour is not None:
            start = datetime.fromisoformat(
                f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{(zone or 'Z').replace('Z', '+00:00')}"
            ).astimezone(UTC)
            precision: Precision = "second"
        else:
            start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
            precision = "day" if day else "month" if month else "year"
    except (ValueError, OverflowError):
        return None
    return Moment(
        start=start,
        text=text,
        precision=precision,
        year=int(year),
        month=int(month) if month else None,
        day=int(day) if day else None,
        stamp=start.timestamp(),
    )


def moment_of(instant: datetime) -> Moment:
    """A moment from an aware instant, in UTC.

    Raises:
        ValueError: when the instant has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError("Give an instant with a time zone.")
    found = parse_moment(instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if found is None:  # pragma: no cover - the format above always parses
        raise ValueError("The instant lies outside the years that FHIR can write.")
    return found


def months_before(day: date, months: int) -> date:
    """The same day ``months`` calendar months earlier, or that month's last day."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    next_month = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (next_month - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def years_on(born: date, day: date) -> float:
    """Years from ``born`` to ``day`` with their fraction, for tables by age; negative before birth."""
    whole = years_between(born, day)
    last = date(born.year + whole, born.month, 28 if (born.month, born.day) == (2, 29) else born.day)
    return whole + (day - last).days / 366


def years_between(born: date, day: date) -> int:
    """Completed years from ``born`` to ``day``."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
