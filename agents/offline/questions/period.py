"""The time that a question is about: ``in 2019``, ``since March 2018``, ``between A and B``, ``in the last year``."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chart.fact import Fact
from chart.moment import MONTHS, months_before
from chart.spelling import spelled

_MONTH = "|".join(MONTHS).lower()
_DAY = (
    r"(?:\d{4}-\d{2}-\d{2}(?:t[\d:.+z-]+)?|\d{4}-\d{2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTH})[a-z]*\.?,? \d{{4}}"
    rf"|(?:{_MONTH})[a-z]*\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|(?:{_MONTH})[a-z]*\.?,? (?:of )?\d{{4}}"
    r"|(?:19|20)\d\d)"
)
_DAYS = {"day": 1, "week": 7}
_NUMBERS = {
    **dict.fromkeys(("a", "an", "one", ""), 1),
    **{w: n for n, w in enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=2)},
    "twelve": 12,
    "couple of": 2,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """Calendar days in the record's own time zone, both ends included; either end may be open."""

    start: date | None = None
    """The first day."""
    end: date | None = None
    """The last day."""
    instant: datetime | None = None
    """The first instant, where hours count."""

    def holds(self, fact: Fact) -> bool:
        """Whether a fact is dated in it; one without a date is not."""
        if fact.when is None:
            return False
        if self.instant is not None:
            return fact.when.start >= self.instant
        day = fact.when.date
        return (self.start is None or day >= self.start) and (self.end is None or day <= self.end)

    @property
    def key(self) -> str:
        """As an absence names it: ``2019-01-01/2019-12-31``."""
        start = self.instant or self.start
        return f"{start.isoformat() if start else ''}/{self.end.isoformat() if self.end else ''}"


def read_period(text: str, now: datetime, *, within: AbstractSet[str] = frozenset()) -> tuple[Period | None, str]:
    """The period of a question, and the question without the words that name it.

    Args:
        text: the question in lower case.
        now: clinical now, for ``this year`` and ``the last six months``.
        within: words of a name that the question holds; a number among them is no year.
    """
    for pattern, make in _PATTERNS:
        for found in pattern.finditer(text):
            if set(spelled(found[0])) <= within:
                continue
            try:
                period = make(found, now)
            except ValueError:
                continue
            if period is not None:
                return period, f"{text[: found.start()]} {text[found.end() :]}"
    return None, text


def _span(text: str) -> tuple[date, date]:
    """First and last day that a written date can mean.

    Raises:
        ValueError: there is no such day.
    """
    if iso := re.match(r"^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", text):
        year, month, day = int(iso[1]), int(iso[2] or 0), int(iso[3] or 0)
    else:
        name = re.search(rf"\b({_MONTH})", text)
        numbers = [int(n) for n in re.findall(r"\d+", text)]
        if name is None or not numbers:
            raise ValueError("That is no date.")
        month = _MONTH.split("|").index(name[1]) + 1
        year, day = numbers[-1], numbers[0] if len(numbers) > 1 else 0
    if not month:
        return date(year, 1, 1), date(year, 12, 31)
    if not day:
        following = date(year + month // 12, month % 12 + 1, 1)
        return date(year, month, 1), following - timedelta(days=1)
    return date(year, month, day), date(year, month, day)


def _between(found: re.Match[str], now: datetime) -> Period | None:
    (start, _), (_, end) = _span(found["a"]), _span(found["b"])
    return Period(start=start, end=end) if start <= end else None


def _since(found: re.Match[str], now: datetime) -> Period | None:
    return Period(start=_span(found["a"])[0])


def _after(found: re.Match[str], now: datetime) -> Period | None:
    return Period(start=_span(found["a"])[1] + timedelta(days=1))


def _before(found: re.Match[str], now: datetime) -> Period | None:
    return Period(end=_span(found["a"])[0] - timedelta(days=1))


def _until(found: re.Match[str], now: datetime) -> Period | None:
    return Period(end=_span(found["a"])[1])


def _within(found: re.Match[str], now: datetime) -> Period | None:
    start, end = _span(found["a"])
    return Period(start=start, end=end)


def _last_units(found: re.Match[str], now: datetime) -> Period | None:
    word = (found["n"] or "").strip()
    number = int(word) if word.isdigit() else _NUMBERS[word]
    unit, today = found["unit"], now.date()
    if unit == "hour":
        return Period(instant=now - timedelta(hours=number))
    if unit in _DAYS:
        return Period(start=today - timedelta(days=number * _DAYS[unit]), end=today)
    return Period(start=months_before(today, number * (12 if unit == "year" else 1)), end=today)


def _calendar(found: re.Match[str], now: datetime) -> Period | None:
    back, today = 0 if found["which"] == "this" else 1, now.date()
    if found["unit"] == "year":
        return Period(start=date(today.year - back, 1, 1), end=date(today.year - back, 12, 31))
    day = months_before(today.replace(day=1), back)
    return Period(start=day, end=months_before(day, -1) - timedelta(days=1))


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], Period | None]], ...] = (
    (re.compile(rf"\bbetween (?P<a>{_DAY}) and (?P<b>{_DAY})"), _between),
    (re.compile(rf"\bfrom (?P<a>{_DAY}) (?:to|until|till|through|up to) (?P<b>{_DAY})"), _between),
    (
        re.compile(
            r"\b(?:(?:in|within|over|during|for) )?the (?:last|past|previous) "
            r"(?P<n>\d+|a|an|one|two|three|four|five|six|seven|eight|nine|ten|twelve|couple of|) ?"
            r"(?P<unit>hour|day|week|month|year)s?\b"
        ),
        _last_units,
    ),
    (re.compile(r"\b(?:in |during )?(?P<which>this|last) (?P<unit>year|month)\b"), _calendar),
    (re.compile(rf"\b(?:since|from) (?:the start of )?(?P<a>{_DAY})(?: on(?:wards?)?)?"), _since),
    (re.compile(rf"\b(?:after|later than) (?P<a>{_DAY})"), _after),
    (re.compile(rf"\b(?:before|prior to|earlier than) (?P<a>{_DAY})"), _before),
    (re.compile(rf"\b(?:until|till|up to|by|through) (?:the end of )?(?P<a>{_DAY})"), _until),
    (re.compile(rf"\b(?:in|on|during|of|for|at|around|throughout|within) (?:the year )?(?P<a>{_DAY})"), _within),
    (re.compile(rf"(?P<a>{_DAY})(?! ?(?:mg|ml|mcg|g|%))"), _within),
)
