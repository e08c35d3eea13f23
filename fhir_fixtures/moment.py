"""When something happened, as a chart says it: a year, a month, a day, or a time with an offset."""

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from fhir_fixtures.wording import Text, as_text

_PARTIAL = re.compile(r"^\d{4}(-\d{2}(-\d{2})?)?$")
_TIMED = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?$")
_OFFSET = re.compile(r"^(Z|[+-](0\d|1[0-4]):[0-5]\d)$")


def _checked(text: str) -> str:
    if _PARTIAL.fullmatch(text):
        parts = [int(part) for part in text.split("-")]
        date(*[*parts, 1, 1][:3])
    elif _TIMED.fullmatch(text):
        datetime.fromisoformat(text)
    else:
        raise ValueError("write a date such as 1998, 2004-07, 2019-03-02 or 2019-03-02T08:30")
    return text


def _checked_time(text: str) -> str:
    if "T" not in _checked(text):
        raise ValueError("write a date and time such as 2019-03-02T08:30")
    return text


def _checked_offset(text: str) -> str:
    if not _OFFSET.fullmatch(text):
        raise ValueError("write an offset from UTC such as -05:00")
    return text


Moment = Annotated[str, BeforeValidator(as_text), AfterValidator(_checked)]
"""Any precision, from a year to a time."""
Time = Annotated[str, BeforeValidator(as_text), AfterValidator(_checked_time)]
"""A date and time; the story's offset holds where none is written."""
Offset = Annotated[Text, AfterValidator(_checked_offset)]
"""An offset from UTC."""


def check_moment(text: str) -> str:
    """The text, if it is a moment.

    Raises:
        ValueError: it is not one.
    """
    return _checked(text)


def day_of(moment: str) -> str:
    """The date part, as precise as written."""
    return moment.split("T")[0]


def with_offset(moment: str, offset: str) -> str:
    """The moment as a FHIR dateTime: seconds and an offset wherever there is a time.

    Args:
        moment: any moment of a story.
        offset: the story's offset from UTC.
    """
    if "T" not in moment:
        return moment
    day, clock = moment.split("T")
    found = re.match(r"^(\d{2}:\d{2})(:\d{2})?(.*)$", clock)
    if found is None:
        raise ValueError(f"'{moment}' is no time.")
    return f"{day}T{found[1]}{found[2] or ':00'}{found[3] or offset}"
