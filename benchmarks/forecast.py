"""What follows from the bill of a round: what two goals need, how far deployments go, what clinicians wait for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.bill import Bill, mean
from benchmarks.hospital import Hospital, Load
from benchmarks.plant import Given, Plant, alone_seconds, first_to_break, limits, needed

YEAR_ROUNDS = 10_000_000
NIGHT_ROUNDS = 100_000
NIGHT_SECONDS = 8 * 3600
PEAK = 3.0
"""The busiest hour beside the mean one: most of a day's rounds are wanted in a third of it."""
WINDOW_ROUNDS = 1000
"""So many rounds are simulated of each load, and for eight times as long at least as one takes alone."""
SHARES = (0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.2)
"""Loads that are simulated, beside what a plant can take at the most."""
BESIDE_NIGHT = 0.05
"""Clinicians who ask while a batch runs, beside what the plant can take."""

PLANTS = (
    Plant(name="one machine, rules only", workers=2, at_once=4, model_servers=0, fhir_slots=32),
    Plant(name="one machine, one model server", workers=2, at_once=10, model_servers=1, fhir_slots=32),
    Plant(name="two machines, eight model servers", workers=4, at_once=40, model_servers=8, fhir_slots=64),
)
"""Deployments whose limits are worked out."""
WAITED = PLANTS[2]
"""The one on which clinicians' waits are simulated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What a goal needs."""

    goal: str
    """What is wanted."""
    rounds_a_second: float
    """At its busiest."""
    model: bool
    """Whether a model words the rounds."""
    plant: Plant
    """The smallest one with every station filled to 70 % at most."""
    fhir_requests_a_second: float
    """What the FHIR server is asked."""
    read_megabytes_a_second: float
    """What it sends."""
    kept_gigabytes: float
    """What the database keeps of all of the goal's rounds, artifacts with it."""
    reviewers: float
    """People at work who sign or refuse each item, over a year or the day after the night."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """How far a deployment goes."""

    plant: Plant
    """Which."""
    breaks: str
    """The station that is full first."""
    full: dict[str, float]
    """By station the rounds a second at which it is full, the first to break first."""
    rounds_a_second: float
    """Where the first is full."""
    a_night: int
    """Charts in eight hours."""
    a_year: int
    """Records a year, with the busiest hour as `PEAK` says."""
    below: float
    """Simulated: rounds done beside rounds that came, at 90 % of it; 1 where it keeps up."""
    above: float
    """The same at 120 %."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """What a clinician waits for, on the deployment `WAITED`."""

    share: float
    """The load beside what it can take."""
    median: float
    """Seconds that half of them wait at most."""
    most: float
    """Seconds that 95 % of them wait at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Everything."""

    bills: list[Bill]
    """Chart by chart."""
    given: Given
    """What is stated."""
    needs: list[Need]
    """The goals."""
    limits: list[Limit]
    """The deployments."""
    waited: str
    """The deployment of the waits below."""
    waits: list[Wait]
    """As the load grows."""
    beside_night: dict[str, float]
    """Seconds that 95 % of clinicians wait at most while a batch runs, with priorities and without."""


def need_of(goal: str, a_second: float, rounds: int, days: float, bill: Bill, given: Given, *, model: bool) -> Need:
    """What a goal needs, from the mean round.

    Args:
        goal: words for it.
        a_second: rounds a second at its busiest.
        rounds: all of them.
        days: working days over which people review them.
        bill: the mean round.
        given: what is stated.
        model: whether a model words them.
    """
    hours = given.review_hours_a_year * days / 220
    return Need(
        goal=goal,
        rounds_a_second=a_second,
        model=model,
        plant=needed(bill, a_second, given, model=model),
        fhir_requests_a_second=a_second * bill.requests,
        read_megabytes_a_second=a_second * bill.read_bytes / 1e6,
        kept_gigabytes=rounds * (bill.kept_bytes + bill.artifact_bytes) / 1e9,
        reviewers=rounds * given.review_seconds / 3600 / hours,
    )


def needs_of(bill: Bill, given: Given) -> list[Need]:
    """Both goals, with a model and without."""
    year = PEAK * YEAR_ROUNDS / (365 * 86400)
    found = []
    for model in (False, True):
        found.append(need_of("10 million records a year", year, YEAR_ROUNDS, 220, bill, given, model=model))
        night = NIGHT_ROUNDS / NIGHT_SECONDS
        found.append(need_of("100,000 charts in a night", night, NIGHT_ROUNDS, 1, bill, given, model=model))
    return found


def window_of(plant: Plant, bill: Bill, given: Given, a_second: float) -> float:
    """Simulated seconds of a load."""
    return max(WINDOW_ROUNDS / a_second, 8 * alone_seconds(bill, plant, given))


def kept_up(plant: Plant, bills: Sequence[Bill], given: Given, a_second: float, seed: int) -> float:
    """The share of the rounds that came in a window and were done in it, the ones still under way taken for done."""
    window = window_of(plant, mean(bills), given, a_second)
    passed = Hospital(plant, bills, given, seed=seed).run(Load(clinicians_a_second=a_second, seconds=window))
    return min(1.0, window / (passed.ended - passed.percentile("clinician", 0.05)))


def limit_of(plant: Plant, bills: Sequence[Bill], given: Given, seed: int) -> Limit:
    """How far a deployment goes, and what it does just below and above."""
    bill = mean(bills)
    name, rate = first_to_break(bill, plant, given)
    order = sorted((full, station) for station, full in limits(bill, plant, given).items())
    return Limit(
        plant=plant,
        breaks=name,
        full={station: found for found, station in order},
        rounds_a_second=rate,
        a_night=int(rate * NIGHT_SECONDS),
        a_year=int(rate / PEAK * 365 * 86400),
        below=kept_up(plant, bills, given, 0.9 * rate, seed),
        above=kept_up(plant, bills, given, 1.2 * rate, seed),
    )


def waits_of(plant: Plant, bills: Sequence[Bill], given: Given, seed: int) -> list[Wait]:
    """What clinicians wait as more of them ask."""
    _, rate = first_to_break(mean(bills), plant, given)
    window = window_of(plant, mean(bills), given, rate)
    found = []
    for share in SHARES:
        load = Load(clinicians_a_second=share * rate, seconds=window)
        passed = Hospital(plant, bills, given, seed=seed).run(load)
        median, most = (passed.percentile("clinician", s) for s in (0.5, 0.95))
        found.append(Wait(share=share, median=median, most=most))
    return found


def beside_night(plant: Plant, bills: Sequence[Bill], given: Given, seed: int) -> dict[str, float]:
    """What 95 % of clinicians wait at most while a batch keeps the plant busy."""
    _, rate = first_to_break(mean(bills), plant, given)
    window = window_of(plant, mean(bills), given, rate)
    load = Load(clinicians_a_second=BESIDE_NIGHT * rate, night=int(rate * window), seconds=window)
    found = {}
    for words, priorities in (("with priorities", True), ("without", False)):
        passed = Hospital(plant, bills, given, seed=seed).run(replace(load, priorities=priorities))
        found[words] = passed.percentile("clinician", 0.95)
    return found


def forecast(bills: Sequence[Bill], given: Given, seed: int = 1) -> Forecast:
    """Everything that follows from some bills; the same seed gives the same forecast."""
    return Forecast(
        bills=[*bills],
        given=given,
        needs=needs_of(mean(bills), given),
        limits=[limit_of(plant, bills, given, seed) for plant in PLANTS],
        waited=WAITED.name,
        waits=waits_of(WAITED, bills, given, seed),
        beside_night=beside_night(WAITED, bills, given, seed),
    )
