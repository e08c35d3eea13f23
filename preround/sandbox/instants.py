"""FHIR dates as half-open ranges of microseconds since 1970, UTC: 2013 is the whole year, an instant one tick.

A time without a zone counts as UTC.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

Range = tuple[int, int]
"""First microsecond, and the first one after."""

EARLIEST = -(2**62)
"""Before every date: the start of a period without one."""
LATEST = 2**62
"""After every date: the end of a period without one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_FORM = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:(Z)|([+-])(\d\d):(\d\d))?)?)?)?"
)


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 to an aware moment."""
    return (moment - _EPOCH) // _TICK


def moment(ticks: int) -> datetime:
    """The aware moment, in UTC, so many microseconds after 1970."""
    return _EPOCH + ticks * _TICK


def instant(value: datetime) -> str:
    """A FHIR instant in UTC, to the millisecond."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=8192)
def span(text: str) -> Range | None:
    """The range that a FHIR date, dateTime or instant stands for; None when it is none of them."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    try:
        return _range(found.groups())
    except (ValueError, OverflowError):
        return None


def _range(parts: tuple[str | None, ...]) -> Range:
    year, month, day, hour, minute, second, fraction, _, sign, zone_hours, zone_minutes = parts
    start = datetime(
        int(year or 0), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
    )
    low = microseconds(start)
    if sign:
        shift = (int(zone_hours or 0) * 60 + int(zone_minutes or 0)) * 60_000_000
        low += -shift if sign == "+" else shift
    if hour is None:
        return low, microseconds(_following(start, month, day))
    if second is None:
        return low, low + 60_000_000
    digits = (fraction or "")[:6]
    return low + int(digits.ljust(6, "0")), low + int(digits.ljust(6, "0")) + 10 ** (6 - len(digits))


def _following(start: datetime, month: str | None, day: str | None) -> datetime:
    if day is not None:
        return start + timedelta(days=1)
    if month is not None:
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start.replace(year=start.year + 1)
