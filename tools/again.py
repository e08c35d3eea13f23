"""Asking again over HTTP: what failed in a way that may pass, and when the other side wants to be asked next."""

from __future__ import annotations

import email.utils
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import tenacity


class Again(Exception):
    """A try failed in a way that may pass.

    Args:
        reason: what happened, after "the server".
        wait: seconds that it asked for.
    """

    def __init__(self, reason: str, *, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait; a date is taken against its own `Date`, so that no clock is read here.

    Args:
        headers: of the answer; names are looked up in small letters.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, (_moment(text) - _moment(headers.get("date", ""))).total_seconds())
    except (ValueError, TypeError):
        return None


def pause(*, backoff_seconds: float, longest_seconds: float) -> Callable[[tenacity.RetryCallState], float]:
    """How long to wait before the next try: as the other side asked, or longer each time; a little of it by chance.

    Args:
        backoff_seconds: of the first pause that nobody asked for; the next ones are twice as long.
        longest_seconds: that any pause takes.
    """
    growing = tenacity.wait_random_exponential(multiplier=backoff_seconds, max=longest_seconds)

    def seconds(state: tenacity.RetryCallState) -> float:
        chance = growing(state)
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.wait if isinstance(error, Again) else None
        return chance if asked is None else min(longest_seconds, max(asked, 0.0) + chance / 4)

    return seconds


def _moment(text: str) -> datetime:
    found = email.utils.parsedate_to_datetime(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
