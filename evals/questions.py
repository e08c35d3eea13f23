"""Questions about raw charts with their answers: counts, values, trends, negations, dates, lists, absent data.

Wordings vary by chance that is fixed by the chart's id: the same charts give the same questions. Nothing of the
program is used but `evals.raw_chart`, which reads raw JSON.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from evals.question_makers import MAKERS, Expect, Made
from evals.question_words import WORDINGS
from evals.raw_chart import RawChart

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question with its answer."""

    id: str
    """Patient, kind and number."""
    text: str
    """As a person would ask."""
    expect: Expect
    """The shape of the answer."""
    number: Decimal | None = None
    """The value, count or change."""
    day: str = ""
    """The day that must be said, `YYYY-MM-DD`."""
    said: str = ""
    """Words that must be said."""
    groups: tuple[frozenset[str], ...] = ()
    """Of each group at least one resource must be cited; for a count, all of them."""


def questions(chart: RawChart, others: Sequence[RawChart] = (), *, most: int = 60) -> list[Question]:
    """The questions of one chart.

    Args:
        chart: the chart.
        others: further charts, whose problems and procedures are asked for where this one lacks them.
        most: so many at most, of all kinds in turn.
    """
    chance = random.Random(f"ehrqa {chart.id}")  # noqa: S311 - chance that repeats
    kinds = [list(_mixed(make(chart, others), chance)) for make in MAKERS]
    asked: list[Question] = []
    while any(kinds) and len(asked) < most:
        for kind in kinds:
            if kind and len(asked) < most:
                one = kind.pop()
                text = chance.choice(WORDINGS[one.wording]).format(**one.words)
                asked.append(
                    Question(
                        id=f"{chart.id}/{one.wording}-{len(asked) + 1}",
                        text=text,
                        expect=one.expect,
                        number=one.number,
                        day=one.day,
                        said=one.said,
                        groups=one.groups,
                    )
                )
    return asked


def _mixed(made: Iterable[Made], chance: random.Random) -> list[Made]:
    found = list(made)
    chance.shuffle(found)
    return found


def spoken(day: str) -> str:
    """A day as the program writes it: `14 May 2021`."""
    found = date.fromisoformat(day)
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"
