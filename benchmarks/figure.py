"""One figure of a benchmark, with the bound that it is held to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["at most", "at least"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A number, in words that say what it is of."""

    words: str
    """What was measured."""
    value: float
    """How much."""
    unit: str = ""
    """Of what; `×` for a ratio, empty for a count."""
    bound: float | None = None
    """What it is held to, where it is."""
    side: Side = "at most"
    """On which side of the bound it has to lie."""

    @property
    def meets(self) -> bool:
        """Whether it keeps its bound; without one it does."""
        if self.bound is None:
            return True
        return self.value <= self.bound if self.side == "at most" else self.value >= self.bound

    @property
    def row(self) -> str:
        """A row of a Markdown table: words, value, bound."""
        bound = "" if self.bound is None else f"{self.side} {_written(self.bound, self.unit)}"
        return f"| {self.words} | {_written(self.value, self.unit)} | {bound}{'' if self.meets else ' — **missed**'} |"


def _written(value: float, unit: str) -> str:
    shown = f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"
    return f"{shown}{unit if unit in ('×', '%') else f' {unit}'}".strip()
