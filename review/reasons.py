"""The reasons for a rejection: coded, so that they can be counted."""

import tomllib
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict

from review.errors import UnknownReason


class Reason(BaseModel):
    """One reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    """Its code system."""
    code: str
    """Its code."""
    display: str
    """In words."""
    incident: bool = False
    """Whether it opens an incident."""
    pauses: bool = False
    """Whether it pauses the recommendation."""
    words: bool = False
    """Whether it needs the reviewer's own words."""
    answers: Literal["done", "declined", "later"] | None = None
    """What it says of a suggestion for this patient, which then rests; none where it is about the draft."""
    days: int | None = None
    """For how many days it rests; the recommendation's own interval without."""


@cache
def reasons() -> tuple[Reason, ...]:
    """All reasons, in the order in which they are offered."""
    data = tomllib.loads(resources.files("review").joinpath("reject_reasons.toml").read_text(encoding="utf-8"))
    return tuple(Reason(system=system["url"], **reason) for system in data["systems"] for reason in system["reasons"])


def reason(code: str | None) -> Reason:
    """The reason of a code.

    Raises:
        UnknownReason: when there is none.
    """
    found = next((known for known in reasons() if known.code == code), None)
    if found is None:
        raise UnknownReason(code)
    return found
