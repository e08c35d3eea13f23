"""What films of the chest are read for, and the words that reports have for it."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field


class Known(BaseModel):
    """One row of `findings.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """As forms name it."""
    says: tuple[str, ...] = Field(min_length=1)
    """Words that name it."""
    denied_by: tuple[str, ...] = ()
    """Words that say that it is not there without naming it."""
    is_a: str | None = None
    """What it also counts as."""
    unlike: tuple[str, ...] = Field(default=(), alias="not")
    """Words that name something else although they hold its own."""


@cache
def known() -> tuple[Known, ...]:
    """The findings whose words are known."""
    text = resources.files("claims").joinpath("findings.toml").read_text(encoding="utf-8")
    return tuple(Known.model_validate(row) for row in tomllib.loads(text)["finding"])


def row_of(name: str) -> Known | None:
    """The row of a finding; None where its words are not known."""
    return next((row for row in known() if row.name == name), None)


def counting(name: str) -> frozenset[str]:
    """The finding and those that count as it."""
    return frozenset({name, *(row.name for row in known() if row.is_a == name)})


def above(name: str) -> frozenset[str]:
    """What a finding counts as besides itself."""
    row = row_of(name)
    return frozenset({row.is_a} if row and row.is_a else ())
