"""What a sentence mentions: its dates, numbers with units, and words, found by one scanner for drafter and verifier alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from chart.moment import MONTHS
from chart.units import shown

_MONTH = "|".join(MONTHS)
_DATE = re.compile(
    rf"\b(?P<iy>(?:18|19|20)\d\d)-(?P<im>\d\d)(?:-(?P<id>\d\d))?\b"
    rf"|\b(?:(?P<d>\d{{1,2}})\s+)?(?P<m>{_MONTH})[a-z]*\.?\s+(?P<y>(?:18|19|20)\d\d)\b"
    rf"|\b(?P<d2>\d{{1,2}})\s+(?P<m2>{_MONTH})\b"
    # A bare number is a year unless a sign, a unit, an arrow or a date of its own shows that it was measured or counted.
    rf"|(?<![\d.,/+−])\b(?P<y3>(?:18|19|20)\d\d)\b(?![\d%]|[.,]\d|\s*(?:mg|mL|kg|cm|units|g|pg|ng|U|days?|months?)\b|\s*[→×]"
    rf"|\s*/min|\s*\((?:\d{{1,2}}\s+)?(?:{_MONTH}))"
)
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.])(?P<sign>[−–+-]?)(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)(?![A-Za-z0-9]*[A-Za-z])|(?<![A-Za-z0-9_.])(?P<sign2>[−-]?)(?P<glued>\d+(?:\.\d+)?)(?=(?:mg|mcg|kg|g|mL|ml|mmol|cm|mm|lb)\b)"
)
_UNIT_WORDS = tuple(
    sorted(
        {
            shown(u)
            for u in (
                "%", "mg/dL", "g/dL", "mmol/L", "mmol/mol", "mg/g", "mL/min/{1.73_m2}", "mL/min", "mm[Hg]", "kg", "cm", "[lb_av]", "kg/m2",
                "10*3/uL", "10*6/uL", "10*9/L", "fL", "pg", "U/L", "[IU]/L", "ug/L", "ug/mL", "ng/mL", "pg/mL", "mg/L", "g/L", "umol/L", "meq/L",
                "m[IU]/L", "/min", "Cel", "[degF]", "mL", "mg", "mcg", "g", "units", "mg/ml", "mg/actuat", "mg/kg", "meq", "mm", "s", "kU/L", "ug", "L",
            )
        }
        | {"years", "year", "y", "months", "month", "days", "day", "weeks", "readings", "results", "notes", "visits", "draws", "mEq/L", "mg/mL", "g/day"},
        key=len,
        reverse=True,
    )
)  # fmt: skip
_UNIT = re.compile(r"\s?(" + "|".join(re.escape(u) for u in _UNIT_WORDS if u) + r")(?![A-Za-z0-9²/])")
_TIME = re.compile(r"(?<![\d:.])(?:[01]\d|2[0-3]):[0-5]\d(?![\d:])")
_ON = re.compile(r"^\s*(?:\(|on\s|,\s|in\s|of\s)\s*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class DateMention:
    """A date in a sentence, to the precision that it is written."""

    text: str
    """As written."""
    year: int | None
    """``None`` where only day and month are written."""
    month: int | None
    """1 to 12."""
    day: int | None
    """Day of the month."""
    start: int
    """Where it begins."""
    end: int
    """Where it ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberMention:
    """A number in a sentence."""

    text: str
    """As written, without sign."""
    value: Decimal
    """With its sign."""
    unit: str
    """The unit written behind it, or empty."""
    signed: bool
    """Whether a sign was written."""
    start: int
    """Where it begins."""
    end: int
    """Where it ends, unit included."""
    dated: DateMention | None
    """A date written right behind it: ``8.1 % (14 May 2021)``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mentions:
    """Everything a sentence mentions."""

    dates: tuple[DateMention, ...]
    """In order."""
    numbers: tuple[NumberMention, ...]
    """In order, dates and words with digits left out."""
    words: str
    """The sentence in lower case, for word rules."""
    times: tuple[str, ...] = ()
    """Times of day, as written: ``18:00``."""


@lru_cache(maxsize=4096)
def mentions(text: str) -> Mentions:
    """Scan a sentence."""
    dates = tuple(_date(found) for found in _DATE.finditer(text))
    rest = list(text)
    for date in dates:
        rest[date.start : date.end] = " " * (date.end - date.start)
    times = tuple(_TIME.finditer("".join(rest)))
    for time in times:
        rest[time.start() : time.end()] = " " * 5
    blank = "".join(rest)
    numbers: list[NumberMention] = []
    for found in _NUMBER.finditer(blank):
        if numbers and found.start() < numbers[-1].end:
            continue  # the 1.73 of a unit
        digits = found["number"] or found["glued"]
        sign = found["sign"] or found["sign2"] or ""
        if sign in "–-" and _is_range(blank, found.start()):
            sign = ""
        unit = _UNIT.match(blank, found.end())
        end = unit.end() if unit else found.end()
        value = Decimal(digits.replace(",", ""))
        numbers.append(
            NumberMention(
                text=digits,
                value=-value if sign in ("−", "-") and sign else value,
                unit=unit[1] if unit else "",
                signed=bool(sign),
                start=found.start(),
                end=end,
                dated=next((d for d in dates if d.start >= end and _ON.match(text[end : d.start])), None),
            )
        )
    return Mentions(
        dates=dates, numbers=tuple(_dated_pairs(numbers, text)), words=text.lower(), times=tuple(t[0] for t in times)
    )


def _dated_pairs(numbers: Sequence[NumberMention], text: str) -> list[NumberMention]:
    """Both numbers of ``142/97 (14 May 2021)`` have the date."""
    found = list(numbers)
    for i in range(len(found) - 2, -1, -1):
        one, following = found[i], found[i + 1]
        if one.dated is None and text[one.end : one.end + 1] == "/" and following.start == one.end + 1:
            found[i] = replace(one, dated=following.dated)
    return found


def _is_range(text: str, at: int) -> bool:
    """A dash between two numbers is a range, not a sign."""
    return at > 0 and text[at - 1].isdigit()


def _date(found: re.Match[str]) -> DateMention:
    year = found["iy"] or found["y"] or found["y3"]
    month = found["im"] or found["m"] or found["m2"]
    day = found["id"] or found["d"] or found["d2"]
    return DateMention(
        text=found[0],
        year=int(year) if year else None,
        month=None if not month else int(month) if month.isdigit() else MONTHS.index(month) + 1,
        day=int(day) if day else None,
        start=found.start(),
        end=found.end(),
    )
