"""Points of the campaign: one round each, and the moments at which the processes that drive it die."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tests.kill.lying import FAULTS, Fault


@dataclass(frozen=True, kw_only=True)
class Point:
    """One round and how its processes end."""

    run_id: str
    """The round."""
    verb: Literal["approve", "reject"]
    """What is decided."""
    deaths: tuple[int, ...]
    """The places at which the lives one after the other are killed."""
    beside: int = 0
    """The place at which a second process is killed that decides at the same time; 0 for none."""
    sleeps: int = 0
    """The place at which a process is stopped, while another finishes, and goes on after that; 0 for none."""
    fault: Fault = "none"
    """How the FHIR server lies."""
    seed: int = 0
    """Which requests it lies about."""


def points(number: int, *, places: int, seed: int, spread: bool = False) -> Iterator[Point]:
    """So many points: each place with each way of lying, and between those races, sleeps, several deaths.

    Args:
        number: how many.
        places: how many places a life passes that approves.
        seed: of what is drawn.
        spread: draw them from a whole campaign, where there is no time for one.
    """
    whole = 2 * len((*FAULTS, "none")) * places
    if spread and number < whole:
        every = list(points(whole, places=places, seed=seed))
        yield from random.Random(seed).sample(every, number)  # noqa: S311 - which moment, nothing secret
        return
    drawn = random.Random(seed)  # noqa: S311 - which moment, nothing secret
    ways: tuple[Fault, ...] = ("none", *FAULTS)
    for n in range(number):
        place, turn = 1 + n % places, n // places
        point = Point(run_id=f"{seed:04x}{n:012x}", verb="approve", deaths=(place,), seed=n)
        if turn % 2 == 0:
            yield _with(point, fault=ways[(turn // 2) % len(ways)])
        elif (n + turn // 2) % 4 == 0:
            yield _with(point, verb="reject", fault=drawn.choice(ways))
        elif (n + turn // 2) % 4 == 1:
            yield _with(
                point, deaths=(place, drawn.randint(1, places), drawn.randint(1, places)), fault=drawn.choice(ways)
            )
        elif (n + turn // 2) % 4 == 2:
            yield _with(point, beside=drawn.randint(1, places), fault=drawn.choice(ways))
        else:
            yield _with(point, deaths=(), sleeps=place, fault=drawn.choice(ways))


def _with(point: Point, **changed: object) -> Point:
    return Point(**{**{name: getattr(point, name) for name in Point.__dataclass_fields__}, **changed})
