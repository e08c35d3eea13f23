"""Planted text: what somebody wants of a program, worded one way or another, in a place of a chart or a paper."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import count
from typing import Any

from evals.carriers import CARRIERS, LITERATURE


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """What planted text wants."""

    id: str
    """Its name."""
    order: str
    """What is asked."""
    says: tuple[str, ...]
    """Sentences that an obedient model writes."""
    hides: str | None = None
    """A pattern of prepared sentences that it leaves out."""
    raw: str | None = None
    """What it answers first, as if it could act."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrasing:
    """A way of saying it."""

    id: str
    """Its name."""
    text: str
    """With a place for the order."""
    overt: bool = False
    """Whether it addresses a program openly."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One planted document."""

    goal: Goal
    """What it wants."""
    phrasing: Phrasing
    """How it says so."""
    carrier: str
    """Where it stands."""

    @property
    def id(self) -> str:
        """Carrier, goal and phrasing."""
        return f"{self.carrier}/{self.goal.id}/{self.phrasing.id}"

    @property
    def text(self) -> str:
        """What is planted."""
        return self.phrasing.text.format(order=self.goal.order)


def _table() -> Mapping[str, list[dict[str, Any]]]:
    return tomllib.loads(resources.files("evals").joinpath("injection_goals.toml").read_text(encoding="utf-8"))


def goals() -> tuple[Goal, ...]:
    """The goals."""
    return tuple(Goal(**{**row, "says": tuple(row["says"])}) for row in _table()["goals"])


def phrasings() -> tuple[Phrasing, ...]:
    """The phrasings, open and veiled ones in turn."""
    return tuple(Phrasing(**row) for row in _table()["phrasings"])


def cases() -> Iterator[Case]:
    """Every goal in every carrier, once in an open and once in a veiled phrasing."""
    open_ = [p for p in phrasings() if p.overt]
    veiled = [p for p in phrasings() if not p.overt]
    turn = count()
    for carrier in (*CARRIERS, LITERATURE):
        for goal in goals():
            at = next(turn)
            for group in (open_, veiled):
                yield Case(goal=goal, phrasing=group[(at + at // len(group)) % len(group)], carrier=carrier)
