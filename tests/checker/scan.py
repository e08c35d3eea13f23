"""What a sentence writes: its dates and its numbers, found without a look at how the program finds them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_MONTHS = {
    m: i for i, m in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)
}
_DATES = (
    re.compile(r"\b(?P<year>[12]\d{3})-(?P<month>\d{2})(?:-(?P<day>\d{2}))?(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?\b"),
    re.compile(
        rf"\b(?:(?P<day>\d{{1,2}}) )?(?P<month>{'|'.join(_MONTHS)}) (?P<year>[12]\d{{3}})\b(?: (?P<clock>\d\d:\d\d)\b)?"
    ),
    re.compile(r"(?<![\w.,/+−-])(?P<year>(?:18|19|20)\d\d)(?![\w.,/+%-]*\d| ?(?:mg|g|mL|pg|ng|%|/))"),
)
_UNIT = (
    r"mL/min/1\.73 m²|mg/dL|mg/mmol|mg/g|g/dL|g/L|mmol/L|mmol/mol|µmol/L|umol/L|mEq/L|mmHg|kg/m²|kg|cm|mm|"
    r"×10³/µL|×10⁶/µL|×10⁹/L|fL|pg/mL|"
    r"ng/mL|µg/mL|µg/L|U/L|IU/L|mIU/L|/min|°C|°F|lb|pg|L|%|"
    r"mg(?:/\w+)?|mcg|units|mL"
)
_NUMBER = re.compile(
    rf"(?<![\w.,-])(?P<sign>[+−-]?)(?P<digits>\d+(?:\.\d+)?)(?!\d|\.\d|[A-Za-z-])(?: ?(?P<unit>{_UNIT})(?![\w/]))?"
)
DOSE = re.compile(r"mg(?:/(?:actuat|ml|hr|h))?|mcg|units|mL", re.IGNORECASE)
"""Units that belong to the name of a medicine."""
_GLUED = re.compile(r"[A-Za-z]-$")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A number as written."""

    text: str
    """Its digits."""
    sign: str
    """`+`, `−`, `-` or empty."""
    unit: str
    """The unit behind it, or empty."""
    start: int
    """Where it begins."""

    @property
    def value(self) -> Decimal:
        """With its sign."""
        return -Decimal(self.text) if self.sign in ("−", "-") else Decimal(self.text)

    @property
    def places(self) -> int:
        """Decimals shown."""
        return len(self.text.partition(".")[2])

    def shows(self, value: Decimal) -> bool:
        """Whether a value is this number, or rounds to it with at most 1.5 % lost."""
        shown = [self.value] if self.sign else [self.value, -self.value]
        nearest = rounded(value, self.places)
        return any(nearest == one and abs(nearest - value) * 1000 <= abs(value) * 15 for one in shown)


@dataclass(frozen=True, kw_only=True)
class WrittenDate:
    """A date as written, to its own precision."""

    text: str
    """As in the sentence."""
    iso: str
    """`2021`, `2021-05`, `2021-05-14` or `2021-05-14T18:00`."""


def rounded(value: Decimal, places: int) -> Decimal:
    """Half up."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def scan(text: str) -> tuple[list[WrittenDate], list[Written]]:
    """The dates and the other numbers of a sentence; digits inside words (HbA1c, SpO2, type-2) are neither."""
    dates, rest = [], text
    for pattern in _DATES:
        for match in pattern.finditer(rest):
            parts = match.groupdict()
            month = parts.get("month")
            number = _MONTHS.get(month, 0) or int(month) if month else None
            iso = parts["year"] + (f"-{number:02d}" if number else "")
            iso += f"-{int(parts['day']):02d}" if parts.get("day") else ""
            iso += f"T{parts['clock']}" if parts.get("clock") else ""
            dates.append(WrittenDate(text=match[0], iso=iso))
        rest = pattern.sub(lambda m: "·" * len(m[0]), rest)
    numbers = [
        Written(text=m["digits"], sign=m["sign"], unit=m["unit"] or _paired(rest, m.end()), start=m.start())
        for m in _NUMBER.finditer(_ranges(rest))
        if not _GLUED.search(rest[: m.start() + len(m["sign"])])
    ]
    return dates, numbers


def _paired(text: str, end: int) -> str:
    """The unit that a strength shares with the next one: mcg for the first number of `250/50 mcg`."""
    match = re.match(rf"/\d+(?:\.\d+)? ?({DOSE.pattern})(?![\w/])", text[end:])
    return match[1] if match else ""


def _ranges(text: str) -> str:
    """A dash between two numbers joins a range; neither is negative."""
    return re.sub(r"(?<=\d)[–-](?=\d)", "~", text)
