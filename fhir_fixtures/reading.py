"""One result as a clinician jots it down: `2019-03-02 7.1 %`, `2020-01-05 138/82`, `2021-04-01 <0.01 ng/mL (final)`."""

import re
from decimal import Decimal
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict

from fhir_fixtures.moment import check_moment

Status = Literal["registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error"]
AbsentReason = Literal[
    "unknown", "asked-unknown", "temp-unknown", "not-asked", "asked-declined", "masked", "not-applicable",
    "unsupported", "error", "not-performed", "not-permitted",
]  # fmt: skip
Shape = Literal["quantity", "pair", "range", "ratio", "text", "coded", "absent", "pending"]

_NUMBER = r"-?\d+(?:\.\d+)?"
_LINE = re.compile(
    r"^(?P<when>\S+)\s+(?P<value>\"[^\"]*\"|\S+)(?:\s+(?P<unit>[^(\s]+))?(?:\s+\((?P<status>[a-z-]+)\))?$"
)
_SHAPES: tuple[tuple[Shape, re.Pattern[str]], ...] = (
    ("quantity", re.compile(rf"^(?P<comparator><=|>=|<|>)?(?P<a>{_NUMBER})$")),
    ("pair", re.compile(rf"^(?P<a>{_NUMBER})/(?P<b>{_NUMBER})$")),
    ("range", re.compile(rf"^(?P<a>{_NUMBER})-(?P<b>{_NUMBER})$")),
    ("ratio", re.compile(rf"^(?P<a>{_NUMBER}):(?P<b>{_NUMBER})$")),
    ("text", re.compile(r"^\"(?P<words>[^\"]+)\"$")),
    ("pending", re.compile(r"^pending$")),
    ("absent", re.compile(r"^absent:(?P<words>[a-z-]+)$")),
    ("coded", re.compile(r"^(?P<words>[a-z][a-z0-9-]*)$")),
)


class Reading(BaseModel):
    """One parsed result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: str
    """When it was taken, as written."""
    until: str | None = None
    """The end, where it was collected over a time (`2026-05-28T06:00..2026-05-29T06:00`)."""
    shape: Shape
    """What kind of value it is."""
    numbers: tuple[Decimal, ...] = ()
    """The digits, as written: one for a quantity, two for a pair, range or ratio."""
    comparator: Literal["<", "<=", ">", ">="] | None = None
    """Below or above what could be measured."""
    words: str | None = None
    """The text, the answer's name, or why the value is absent."""
    unit: str | None = None
    """The unit as written; None where none is."""
    status: Status = "final"
    """Status of the result."""


def parse_reading(line: object) -> object:
    """Parse one line of a series.

    Raises:
        ValueError: the line can't be read; the message shows how one looks.
    """
    if not isinstance(line, str):
        raise ValueError("write a result such as '2019-03-02 7.1 %'")
    found = _LINE.fullmatch(line.strip())
    if found is None:
        raise ValueError(f"'{line}' can't be read; write a result such as '2019-03-02 7.1 %'")
    when, _, until = found["when"].partition("..")
    shape, value = _value(found["value"])
    parts = value.groupdict()
    status = found["status"] or ("registered" if shape == "pending" else "final")
    if status not in get_args(Status):
        raise ValueError(f"'({status})' is no status; use one of {', '.join(get_args(Status))}")
    if shape == "absent" and parts["words"] not in get_args(AbsentReason):
        raise ValueError(f"'{parts['words']}' is no reason; use one of {', '.join(get_args(AbsentReason))}")
    return {
        "when": check_moment(when),
        "until": check_moment(until) if until else None,
        "shape": shape,
        "numbers": tuple(Decimal(parts[key]) for key in ("a", "b") if parts.get(key)),
        "comparator": parts.get("comparator"),
        "words": parts.get("words"),
        "unit": found["unit"],
        "status": status,
    }


def _value(text: str) -> tuple[Shape, re.Match[str]]:
    for shape, pattern in _SHAPES:
        found = pattern.fullmatch(text)
        if found is not None:
            return shape, found
    raise ValueError(f"'{text}' is no value; write 7.1, <0.01, 138/82, 2-4, \"words\", pending or absent:not-performed")


ReadingLine = Annotated[Reading, BeforeValidator(parse_reading)]
"""A result written in one line."""
