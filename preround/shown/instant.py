"""Dates and times as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from preround.failure import Unusable


def instant(text: str) -> datetime:
    """An aware datetime; without an offset it is UTC, a date alone is its end.

    Raises:
        Unusable: when it is none.
    """
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), datetime.max.time(), UTC).replace(microsecond=0)
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise Unusable(f"{text} is not a date and time; write it like 2021-08-01T00:00:00Z") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def day(text: str) -> str:
    """A date.

    Raises:
        Unusable: when it is none.
    """
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise Unusable(f"{text} is not a date; write it like 2021-03-01") from error
