"""What a round costs is its own, whatever else its process does at the same time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graphs.ledger import CpuShares, Meter
from preround.doing import rounds
from preround.shown.instant import instant
from preround.wiring import House, open_house
from tests.acceptance.cohorts import cohort_home
from tests.acceptance.homes import Home, copied
from tools.tally import Tally, counting, current

AS_OF = instant("2026-03-01T12:00:00Z")
COSTS = ("fhir_requests", "fhir_bytes")


@dataclass
class Hand:
    """A clock that is set by hand."""

    cpu: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.cpu

    def cpu_seconds(self) -> float:
        return self.cpu


async def ledger(house: House, patient: str) -> dict[str, float]:
    run = await rounds.start(house, patient=patient, tasks=("summary",), as_of=AS_OF)
    found: dict[str, float] = rounds.result(house, run.run_id)["ledger"]
    return found


@pytest.fixture
def homes(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home]:
    template = cohort_home(tmp_path_factory.getbasetemp(), 2)
    return copied(template, tmp_path / "alone"), copied(template, tmp_path / "beside")


async def test_rounds_side_by_side_cost_what_they_cost_alone(homes: tuple[Home, Home]) -> None:
    alone, beside = homes
    names = sorted(name.partition("/")[2] for name in alone.stored() if name.startswith("Patient/"))
    async with open_house(alone.settings) as house:
        await house.services.client.capabilities()
        one_by_one = [await ledger(house, name) for name in names]
    async with open_house(beside.settings) as house:
        await house.services.client.capabilities()
        before = house.services.clock.cpu_seconds()
        together = await asyncio.gather(*(ledger(house, name) for name in names))
        spent = house.services.clock.cpu_seconds() - before
    assert one_by_one[0]["fhir_bytes"] != one_by_one[1]["fhir_bytes"], "two charts"
    for cost in COSTS:
        assert [one[cost] for one in together] == [one[cost] for one in one_by_one]
    assert sum(one["cpu_seconds"] for one in together) <= spent + 0.01, "no second is counted twice"


def test_cpu_is_shared_by_who_is_under_way() -> None:
    clock = Hand()
    shares = CpuShares(clock)
    clock.cpu = 5.0
    with shares.share() as first:
        clock.cpu = 6.0
        with shares.share() as second:
            clock.cpu = 8.0
        clock.cpu = 9.0
    clock.cpu = 20.0
    shares.divide()
    assert (first.seconds, second.seconds) == (3.0, 1.0)


async def test_a_tally_counts_what_its_own_tasks_spend() -> None:
    async def spend(sent: int) -> None:
        await asyncio.sleep(0)
        current().asked(sent=sent, made=1, cached=0, prompt_sha256="p")

    async def piece(sent: int) -> Tally:
        with counting(Tally()) as tally:
            await asyncio.gather(spend(sent), spend(sent + 1))
        return tally

    one, two = await asyncio.gather(piece(10), piece(20))
    assert (one.llm_calls, one.prompt_tokens, one.largest_prompt_tokens, one.prompts) == (2, 21, 11, {"p"})
    assert (two.prompt_tokens, two.largest_prompt_tokens) == (41, 21)
    await spend(99)
    assert two.prompt_tokens == 41, "what belongs to nobody is counted for nobody"


def test_a_second_segment_is_added_to_the_first() -> None:
    clock = Hand()
    meter = Meter(clock, CpuShares(clock))
    with meter.counting():
        current().asked(sent=7, made=3, cached=2, prompt_sha256="b")
        meter.node("plan", "started")
        clock.cpu = 0.5
        meter.node("plan", "done")
    found = meter.ledger({"prompt_tokens": 5, "largest_prompt_tokens": 9, "prompts": ["a"], "seconds": {"plan": 1.0}})
    assert (found["prompt_tokens"], found["largest_prompt_tokens"]) == (12, 9)
    assert (found["prompts"], found["seconds"], found["cpu_seconds"]) == (["a", "b"], {"plan": 1.5}, 0.5)
