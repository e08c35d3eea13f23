"""Whether to go on with a rollout: figures of what happened, held to bounds that are data."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from statistics import NormalDist
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from review.errors import WrongUse
from review.incidents import Incident, incidents
from review.outcomes import Outcome, outcomes
from review.quality import GROUPS, groups
from review.reading import WORDS_A_MINUTE
from store import items, runs, seeded, silence
from store.database import Database
from store.items import ItemRow
from store.runs import FINISHED, Run
from store.silence import SilentEntry

Figure = Literal[
    "done_after_silence",
    "accepted",
    "accepted_worst_group",
    "edited",
    "hurried",
    "incidents",
    "open_incidents",
    "failed",
    "expired",
]
Answer = Literal["go", "no-go", "not enough yet"]
Counted = tuple[int, int]


class BoundsUnusable(WrongUse):
    """The file of bounds cannot be used."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Correct the file of bounds that PREROUND_ROLLOUT names: {problem}.")


class Bound(BaseModel):
    """What one figure is held to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    figure: Figure
    """Which."""
    title: str = Field(min_length=1)
    """In words."""
    at_least: float | None = Field(default=None, ge=0, le=1)
    """The share must not be lower."""
    at_most: float | None = Field(default=None, ge=0, le=1)
    """The share must not be higher."""
    minimum: int = Field(ge=0)
    """So many there must be before it counts."""
    judged: Literal["share", "interval"] = "share"
    """Whether the share itself is held to the bound, or the worse end of its interval."""

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"{self.figure} needs one of at_least and at_most")
        return self


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One figure with its answer."""

    bound: Bound
    """What it is held to."""
    numerator: int
    """How many."""
    denominator: int
    """Of how many."""
    low: float
    """Lower end of the 95 % interval (Wilson) of the share."""
    high: float
    """Upper end."""
    answer: Answer
    """Go, no-go, or not enough yet to say."""

    @property
    def share(self) -> float | None:
        """The share; None of nothing."""
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """What the figures are counted from."""

    outcomes: Sequence[Outcome]
    """Decided entries."""
    incidents: Sequence[Incident]
    """Reports."""
    silent: Sequence[SilentEntry]
    """What was proposed in silence."""
    runs: Sequence[Run]
    """Rounds."""
    items: Sequence[ItemRow]
    """Items."""


def bounds(path: Path | None = None) -> tuple[Bound, ...]:
    """The bounds of a site's own file, or the embedded ones.

    Raises:
        BoundsUnusable: when the file cannot be read or does not fit.
    """
    try:
        source = resources.files("review").joinpath("rollout.toml") if path is None else path
        return tuple(Bound(**row) for row in tomllib.loads(source.read_bytes().decode())["rows"])
    except ValidationError as error:
        first = error.errors()[0]
        raise BoundsUnusable(f"{'.'.join(map(str, first['loc']))} {first['msg']}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BoundsUnusable(str(error)) from None


def happened(
    db: Database, *, task: str | None = None, site: str | None = None, words_a_minute: int = WORDS_A_MINUTE
) -> Happened:
    """Everything so far, or of one task or site alone.

    Raises:
        ProposalDamaged: when a decided proposal is not what was stored.
    """
    with db.read() as connection:
        known = seeded.rounds(connection)
        every = [one for one in runs.by_status(connection) if one.run_id not in known]
        found = items.by_state(connection)
        quiet = silence.every(connection)
    mine = {r.run_id for r in every if (site is None or r.site == site) and (task is None or task in r.tasks)}
    decided = outcomes(db, words_a_minute=words_a_minute)
    return Happened(
        outcomes=tuple(o for o in decided if o.run_id in mine and task in (None, o.task)),
        incidents=tuple(one for one in incidents(db) if one.run_id in mine),
        silent=tuple(one for one in quiet if one.run_id in mine and task in (None, one.task)),
        runs=tuple(one for one in every if one.run_id in mine),
        items=tuple(one for one in found if one.run_id in mine),
    )


def rows(found: Happened, held: Sequence[Bound]) -> tuple[Row, ...]:
    """Each figure with its answer."""
    return tuple(_row(one, _COUNTS[one.figure](found, one)) for one in held)


def whole(found: Sequence[Row]) -> Answer:
    """The answer of all together: no-go where one says so, then not enough yet, then go."""
    answers = {one.answer for one in found}
    return "no-go" if "no-go" in answers else "not enough yet" if answers - {"go"} else "go"


def interval(numerator: int, denominator: int) -> tuple[float, float]:
    """The 95 % interval of a share after Wilson; 0 to 1 of nothing."""
    if denominator == 0:
        return 0.0, 1.0
    z, n, p = NormalDist().inv_cdf(0.975), denominator, numerator / denominator
    middle, reach = p + z * z / (2 * n), z * ((p * (1 - p) + z * z / (4 * n)) / n) ** 0.5
    low, high = ((middle + sign * reach) / (1 + z * z / n) for sign in (-1, 1))
    return (0.0 if numerator == 0 else max(0.0, low)), (1.0 if numerator == n else min(1.0, high))


def _row(bound: Bound, counted: Counted) -> Row:
    numerator, denominator = counted
    low, high = interval(numerator, denominator)
    return Row(
        bound=bound,
        numerator=numerator,
        denominator=denominator,
        low=low,
        high=high,
        answer=_answer(bound, numerator, denominator, low, high),
    )


def _answer(bound: Bound, numerator: int, denominator: int, low: float, high: float) -> Answer:
    if denominator < bound.minimum:
        return "not enough yet"
    if denominator == 0:
        return "go"  # a bound that asks for no minimum, of what never happened
    share = numerator / denominator
    if bound.at_least is not None:
        return "go" if (low if bound.judged == "interval" else share) >= bound.at_least else "no-go"
    return "go" if (high if bound.judged == "interval" else share) <= float(bound.at_most or 0) else "no-go"


def _done(found: Happened, bound: Bound) -> Counted:
    verdicts = [one.verdict for one in found.silent if one.verdict in ("done", "not_done")]
    return verdicts.count("done"), len(verdicts)


def _accepted(of: Sequence[Outcome]) -> Counted:
    return sum(o.verdict in ("signed", "edited") for o in of), len(of)


def _worst(found: Happened, bound: Bound) -> Counted:
    enough = [
        _accepted(of) for by in GROUPS for _, of in groups(found.outcomes, by) if len(of) >= max(bound.minimum, 1)
    ]
    return min(enough, key=lambda one: one[0] / one[1], default=(0, 0))


def _edited(found: Happened, bound: Bound) -> Counted:
    return sum(o.verdict == "edited" for o in found.outcomes), _accepted(found.outcomes)[0]


def _hurried(found: Happened, bound: Bound) -> Counted:
    return sum(o.hurried for o in found.outcomes), sum(o.verdict == "signed" for o in found.outcomes)


def _reported(found: Happened, bound: Bound) -> Counted:
    return len(found.incidents), len({o.item_id for o in found.outcomes})


def _unclosed(found: Happened, bound: Bound) -> Counted:
    return sum(one.closed is None for one in found.incidents), len(found.incidents)


def _failed(found: Happened, bound: Bound) -> Counted:
    ended = [one for one in found.runs if one.status in FINISHED or one.status == "awaiting_review"]
    return sum(one.status == "failed" for one in ended), len(ended)


def _expired(found: Happened, bound: Bound) -> Counted:
    ended = [one.state for one in found.items if one.state in ("approved", "rejected", "revised", "expired")]
    return ended.count("expired"), len(ended)


_COUNTS: Mapping[Figure, Callable[[Happened, Bound], Counted]] = {
    "done_after_silence": _done,
    "accepted": lambda found, bound: _accepted(found.outcomes),
    "accepted_worst_group": _worst,
    "edited": _edited,
    "hurried": _hurried,
    "incidents": _reported,
    "open_incidents": _unclosed,
    "failed": _failed,
    "expired": _expired,
}
