"""Two performances of each scenario side by side, as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from preround.replay.differences import differences
from preround.replay.replaying import Replayed

_TEMPLATES = Environment(
    loader=PackageLoader("preround.replay", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One scenario, played twice."""

    title: str
    """The scenario's title."""
    teaches: str
    """What it is for."""
    names: tuple[str, str]
    """What the two are called."""
    sides: tuple[Mapping[str, Any], Mapping[str, Any]]
    """Both performances."""
    differences: Sequence[str]
    """What they do not have in common."""

    @classmethod
    def of(cls, done: Replayed, other: Replayed | None) -> Pair:
        """The scenario beside another reasoner's performance, or beside what its tape remembers."""
        if other is not None:
            left, right = done.played, other.played
            names, found = (_name(left), _name(right)), differences(left, right)
        else:
            left, right = done.recorded or done.played, done.played
            names, found = ("as recorded", "now"), list(done.differences)
        return cls(
            title=done.scenario.title,
            teaches=done.scenario.teaches,
            names=names,
            sides=(left, right),
            differences=found,
        )

    @property
    def steps(self) -> list[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]:
        """The moments of both, step by step."""
        left, right = (list(side["moments"]) for side in self.sides)
        size = max(len(left), len(right))
        left, right = (one + [None] * (size - len(one)) for one in (left, right))
        return list(zip(left, right, strict=True))


def only_there(claims: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> set[str]:
    """The sentences that stand on one side alone."""
    there = {c["text"] for c in other}
    return {c["text"] for c in claims} - there


def as_html(pairs: Sequence[Pair]) -> bytes:
    """The report."""
    template = _TEMPLATES.get_template("side_by_side.html")
    return template.render(pairs=pairs, only_there=only_there).encode()


def _name(played: Mapping[str, Any]) -> str:
    model = played["model"]["name"]
    return str(played["reasoner"]) + (f" ({model})" if model and model != played["reasoner"] else "")
