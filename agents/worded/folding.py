"""How far a chart is folded so that it fits a model: series shortened, optional lines left out, and all of it said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.models.reply import ModelFailed


class ChartTooLarge(ModelFailed):
    """What must always be looked at does not fit the served context; serve the model with a larger one."""

    def __init__(self, needed: int, room: int) -> None:
        super().__init__(
            f"What must always be looked at needs {needed} tokens, and the model is served with room for {room}; "
            "serve it with a larger --max-model-len and set served_context."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Fold:
    """One step: how much of the must-look set's history is shown. Its last values are never folded away."""

    points: int
    """Values of each measurement."""
    asked: int
    """Values of a measurement that a question names."""
    others: int
    """Values of the others, where a question names some."""
    visits: int
    """Last visits."""


FOLDS = (
    Fold(points=6, asked=40, others=2, visits=6),
    Fold(points=3, asked=20, others=1, visits=4),
    Fold(points=2, asked=10, others=1, visits=2),
    Fold(points=1, asked=6, others=1, visits=1),
)
"""From all that a page needs to the last values alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line that may be left out."""

    text: str
    """The line."""
    kind: str
    """What it is, in the plural, for saying what was left out."""


def what_was_folded(fold: Fold, left: Sequence[Line], *, question: bool) -> tuple[str, ...]:
    """What a model was not shown, in words."""
    said: list[str] = []
    if fold is not FOLDS[0]:
        most, first = (fold.asked, FOLDS[0].asked) if question else (fold.points, FOLDS[0].points)
        said.append(f"more than {_counted(most, 'value')} of a measurement (usually {first})")
        said.append(f"more than {_counted(fold.visits, 'visit')}")
    kinds = list(dict.fromkeys(line.kind for line in left))
    said.extend(f"{sum(line.kind == kind for line in left)} {kind}" for kind in kinds)
    return tuple(said)


def _counted(number: int, what: str) -> str:
    return f"the last {what}" if number == 1 else f"the last {number} {what}s"
