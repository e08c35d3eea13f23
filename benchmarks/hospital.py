"""Rounds passing a plant, event by event: what they wait for when more of them come than one hopes."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from random import Random
from typing import Any, Literal

import simpy

from benchmarks.bill import Bill
from benchmarks.plant import Given, Plant, reading_seconds, writing_seconds

Kind = Literal["clinician", "night"]
URGENCY = {"clinician": 0, "night": 1}
"""Who goes first where both wait."""
Events = Generator[simpy.Event, Any, None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What comes in."""

    clinicians_a_second: float = 0.0
    """Rounds that somebody waits for, at random moments."""
    night: int = 0
    """Rounds of a batch, all there at the beginning."""
    seconds: float
    """How long clinicians go on asking."""
    priorities: bool = True
    """Whether a clinician's round goes before those of the batch."""


@dataclass(kw_only=True, slots=True)
class Passed:
    """What happened."""

    waited: dict[Kind, list[float]] = field(default_factory=lambda: {"clinician": [], "night": []})
    """Seconds from asking to the approval, of each round that got there."""
    ended: float = 0.0
    """The second at which the last round got to its approval."""
    busy: dict[str, float] = field(default_factory=dict)
    """By station the share of its time that was taken, until the end."""

    def percentile(self, kind: Kind, share: float) -> float:
        """The wait that this share of the rounds did not exceed; NaN without any."""
        ordered = sorted(self.waited[kind])
        return ordered[min(len(ordered) - 1, ceil(share * len(ordered)) - 1)] if ordered else float("nan")


class Hospital:
    """One plant under one load; the same seed gives the same course."""

    def __init__(self, plant: Plant, bills: Sequence[Bill], given: Given, *, seed: int = 1) -> None:
        self._plant, self._bills, self._given = plant, bills, given
        self._random = Random(seed)  # noqa: S311 - no secret
        self._env = simpy.Environment()
        self._stations = {
            "rounds at once": simpy.PriorityResource(self._env, plant.workers * plant.at_once),
            "worker cores": simpy.PriorityResource(self._env, plant.workers),
            "FHIR server": simpy.PriorityResource(self._env, plant.fhir_slots),
            "database writer": simpy.PriorityResource(self._env, 1),
        }
        if plant.model_servers:
            self._stations["model reading"] = simpy.PriorityResource(self._env, plant.model_servers)
            self._stations["model writing"] = simpy.PriorityResource(self._env, plant.model_servers * given.sequences)
        self._used = dict.fromkeys(self._stations, 0.0)
        self._urgency = URGENCY
        self.passed = Passed()

    def run(self, load: Load) -> Passed:
        """Let everything come in and pass."""
        if not load.priorities:
            self._urgency = dict.fromkeys(URGENCY, 0)
        for _ in range(load.night):
            self._env.process(self._round("night"))
        if load.clinicians_a_second:
            self._env.process(self._asking(load))
        self._env.run()
        capacity = {name: station.capacity for name, station in self._stations.items()}
        end = self.passed.ended or 1.0
        self.passed.busy = {name: used / (capacity[name] * end) for name, used in self._used.items()}
        return self.passed

    def _asking(self, load: Load) -> Events:
        while True:
            yield self._env.timeout(self._random.expovariate(load.clinicians_a_second))
            if self._env.now >= load.seconds:
                return
            self._env.process(self._round("clinician"))

    def _round(self, kind: Kind) -> Events:
        """One round: a place, its chart, its drafts one call after the other, its steps kept."""
        asked = self._env.now
        bill = self._random.choice(self._bills)
        turn = self._urgency[kind]
        with self._stations["rounds at once"].request(priority=turn) as place:
            yield place
            since = self._env.now
            for station, seconds, beside in self._steps(bill):
                yield simpy.AllOf(
                    self._env, [self._env.process(self._at(station, seconds, turn)) for _ in range(beside)]
                )
            self._used["rounds at once"] += self._env.now - since
        self.passed.waited[kind].append(self._env.now - asked)
        self.passed.ended = self._env.now

    def _steps(self, bill: Bill) -> Iterator[tuple[str, float, int]]:
        """Where a round goes, how long it stays there, and how many of it are there side by side."""
        given = self._given
        cpu = bill.core_seconds + bill.node_seconds
        calls = round(bill.calls) if self._plant.model_servers else 0
        left = round(bill.requests)
        while left > 0:
            yield "FHIR server", given.fhir_reply_seconds, min(given.side_by_side, left)
            left -= given.side_by_side
        if calls:
            yield "worker cores", cpu / 2, 1
        for _ in range(calls):
            yield "model reading", reading_seconds(bill, given) / calls, 1
            yield "model writing", writing_seconds(bill, given) / calls, 1
        yield "worker cores", cpu / 2 if calls else cpu, 1
        yield "database writer", bill.writes * given.write_seconds, 1

    def _at(self, station: str, seconds: float, turn: int) -> Events:
        with self._stations[station].request(priority=turn) as place:
            yield place
            yield self._env.timeout(seconds)
        self._used[station] += seconds
