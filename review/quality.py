"""How well drafts serve: what was accepted, edited and rejected, by task, author, guideline and group of patients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from review.outcomes import VERDICTS, Outcome, Verdict
from review.pace import Pace

Dimension = Literal["task", "author", "guideline", "reason", "age", "sex", "language"]
SMALLEST = 5
"""A group of fewer patients is not told apart: it would say of single people what was decided about them."""
_KEYS: Mapping[Dimension, Callable[[Outcome], Iterable[str]]] = {
    "task": lambda o: [o.task],
    "author": lambda o: [o.author],
    "guideline": lambda o: o.guidelines,
    "reason": lambda o: [o.code] if o.code else [],
    "age": lambda o: [o.age],
    "sex": lambda o: [o.sex],
    "language": lambda o: [o.language],
}
GROUPS: tuple[Dimension, ...] = ("age", "sex", "language")
"""The dimensions that are of patients; their small groups are folded."""
FEW = "groups of fewer than five patients, together"


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """The decided entries that have one thing in common."""

    key: str
    """What they have in common."""
    decided: int
    """How many."""
    verdicts: Mapping[Verdict, int]
    """What became of them."""
    accepted: float
    """The share that was signed as drafted or after an edit of a person; 0 to 1."""
    seconds: float
    """Median time to the decision."""
    changed: float
    """Of the edited ones, the median share of text that was replaced; 0 without any."""
    hurried: int
    """How many were signed faster than they can be read."""


def shares(found: Sequence[Outcome], by: Dimension) -> tuple[Share, ...]:
    """The decided entries by one dimension, the most frequent first; small groups of patients together at the end."""
    return tuple(share(key, of) for key, of in groups(found, by))


def groups(found: Sequence[Outcome], by: Dimension) -> tuple[tuple[str, tuple[Outcome, ...]], ...]:
    """The same as the entries themselves.

    Groups of few patients are put together, and, where that is still few, with the next larger one: what is left out
    could else be had by subtracting the lines from the whole.
    """
    grouped: dict[str, list[Outcome]] = {}
    for one in found:
        for key in _KEYS[by](one):
            grouped.setdefault(key, []).append(one)
    small: list[Outcome] = []
    if by in GROUPS:
        for key in sorted(grouped, key=lambda key: (_people(grouped[key]), key)):
            if _people(grouped[key]) < SMALLEST or 0 < _people(small) < SMALLEST:
                small += grouped.pop(key)
    ordered = sorted(grouped.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return tuple((key, tuple(of)) for key, of in [*ordered, *([(FEW, small)] if small else [])])


def _people(of: Sequence[Outcome]) -> int:
    """How many patients; as many as entries where it is not known whose they are."""
    known = {one.patient for one in of}
    return len(of) if "" in known else len(known)


def quick(found: Sequence[Outcome]) -> tuple[Pace, ...]:
    """The signatures that came sooner than the item can be read, newest first; each once, whatever it signed."""
    fast = {pace.decision_id: pace for one in found for pace in one.paces if pace.hurried}
    return tuple(sorted(fast.values(), key=lambda pace: (pace.at, pace.decision_id), reverse=True))


def share(key: str, of: Sequence[Outcome]) -> Share:
    """Some decided entries together; there must be one."""
    count = Counter(one.verdict for one in of)
    edited = [one.changed for one in of if one.verdict == "edited"]
    return Share(
        key=key,
        decided=len(of),
        verdicts={verdict: count[verdict] for verdict in VERDICTS},
        accepted=(count["signed"] + count["edited"]) / len(of),
        seconds=median(one.seconds for one in of),
        changed=median(edited) if edited else 0.0,
        hurried=sum(one.hurried for one in of),
    )
