"""One known error in one invented sentence: what a reviewer who opens the source can see to be wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal, get_args

ErrorKind = Literal["wrong-value", "wrong-unit", "wrong-side-or-age", "negation-lost", "stale-date"]
KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)
_UNITS: Mapping[str, str] = {
    "mg/dL": "mmol/L",
    "mmol/L": "mg/dL",
    "g/dL": "g/L",
    "g/L": "g/dL",
    "umol/L": "mg/dL",
    "mL/min/1.73 m2": "mL/h",
    "mcg": "mg",
    "mg": "g",
    "kg": "lb",
    "cm": "in",
    "mm[Hg]": "kPa",
    "mmHg": "kPa",
}
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_MEASURED = re.compile(rf"(?<![\w.,/])(\d+(?:\.\d+)?)(?=\s?(?:%|{_UNIT})(?!\w))|(?<=BP )(\d+)(?=/)")
_IN_UNIT = re.compile(rf"(?<=\d )({_UNIT})(?![\w/])")
_SIDE = re.compile(r"\b(left|right)\b", re.IGNORECASE)
_AGE = re.compile(r"(?<![\w.])(\d{1,3})(?= y\b| years?\b|-year-old)|(?<=\bage )(\d{1,3})\b")
_NEGATIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bNo record of "), "On record: "),
    (re.compile(r"\bno record of "), "on record: "),
    (re.compile(r"\bno known allergy"), "known allergy"),
    (re.compile(r"\b(?:is|are|was|were) not "), "is "),
    (re.compile(r"\bnot (?=\w)"), ""),
    (re.compile(r"\bwithout "), "with "),
    (re.compile(r"\b[Dd]enies "), "reports "),
    (re.compile(r"\b[Nn]o (?=\w)"), ""),
)
_DATE = re.compile(r"(?<=\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) )(\d{4})\b")


def planted(text: str, kind: ErrorKind) -> str | None:
    """The sentence with one error of that kind, its first place changed; None where it has no place for one."""
    found = _PLANTERS[kind](text)
    return None if found == text else found


def _value(text: str) -> str:
    return _MEASURED.sub(lambda found: _other(found[0]), text, count=1)


def _other(number: str) -> str:
    """Another number of the same look: its first two digits the other way round, or a leading one more."""
    digits = [n for n, letter in enumerate(number) if letter.isdigit()]
    if len(digits) > 1 and number[digits[0]] != number[digits[1]] and number[digits[1]] != "0":
        letters = list(number)
        letters[digits[0]], letters[digits[1]] = letters[digits[1]], letters[digits[0]]
        return "".join(letters)
    return f"{int(number[0]) % 9 + 1}{number[1:]}"


def _unit(text: str) -> str:
    return _IN_UNIT.sub(lambda found: _UNITS[found[1]], text, count=1)


def _side_or_age(text: str) -> str:
    if _SIDE.search(text):
        return _SIDE.sub(_turned, text, count=1)
    return _AGE.sub(lambda found: str(int(found[0]) + (-20 if int(found[0]) >= 30 else 20)), text, count=1)


def _turned(found: re.Match[str]) -> str:
    other = {"left": "right", "right": "left"}[found[1].lower()]
    return other.capitalize() if found[1][0].isupper() else other


def _negation(text: str) -> str:
    for pattern, instead in _NEGATIONS:
        if pattern.search(text):
            return pattern.sub(instead, text, count=1)
    return text


def _date(text: str) -> str:
    return _DATE.sub(lambda found: str(int(found[1]) - 2), text, count=1)


_PLANTERS: Mapping[ErrorKind, Callable[[str], str]] = {
    "wrong-value": _value,
    "wrong-unit": _unit,
    "wrong-side-or-age": _side_or_age,
    "negation-lost": _negation,
    "stale-date": _date,
}
