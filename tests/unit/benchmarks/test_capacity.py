"""The simulation of a deployment agrees with queueing theory, and what is planned with the simulation."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean

import pytest

from benchmarks.bill import Bill, mean
from benchmarks.forecast import PLANTS, Forecast, forecast
from benchmarks.hospital import Hospital, Load
from benchmarks.plant import STATIONS, Given, Plant, alone_seconds, first_to_break, limits, needed

NOTHING = Bill(
    name="nothing",
    entries=1,
    core_seconds=1e-9,
    node_seconds=0,
    requests=1,
    fhir_seconds=0,
    read_bytes=1,
    calls=0,
    prompt_tokens=0,
    new_tokens=1e-9,
    writes=1e-9,
    kept_bytes=1,
    artifact_bytes=1,
)
QUICK = replace(Given(), fhir_reply_seconds=0.0)
USUAL = replace(
    NOTHING, core_seconds=0.2, node_seconds=0.05, requests=13, calls=6, prompt_tokens=8000, new_tokens=3700, writes=11
)
MANY = Plant(name="many of all", workers=1, at_once=10_000, model_servers=0, fhir_slots=10_000)


def busy(plant: Plant, bills: list[Bill], a_second: float, seconds: float, seed: int = 3) -> list[float]:
    load = Load(clinicians_a_second=a_second, seconds=seconds)
    return Hospital(plant, bills, QUICK, seed=seed).run(load).waited["clinician"]


@pytest.mark.parametrize("filled", [0.3, 0.6, 0.8])
def test_one_core_makes_rounds_wait_as_pollaczek_and_khinchine_say(filled: float) -> None:
    """M/G/1, two sizes of rounds: E[W] = λ·E[S²] / (2·(1 - ρ))."""
    sizes = (0.5, 1.5)
    rate = filled / fmean(sizes)
    waited = busy(MANY, [replace(NOTHING, core_seconds=s) for s in sizes], rate, 12_000)
    expected = fmean(sizes) + rate * fmean(s * s for s in sizes) / (2 * (1 - filled))
    assert fmean(waited) == pytest.approx(expected, rel=0.12)


def test_rounds_under_way_are_as_many_as_little_says() -> None:
    """L = λ·W: the share of places that is taken, against the mean stay and the rate."""
    plant = replace(MANY, at_once=50)
    passed = Hospital(plant, [replace(NOTHING, core_seconds=0.7)], QUICK, seed=5).run(
        Load(clinicians_a_second=1.0, seconds=5_000)
    )
    waited = passed.waited["clinician"]
    under_way = passed.busy["rounds at once"] * plant.workers * plant.at_once
    assert under_way == pytest.approx(len(waited) / passed.ended * fmean(waited), rel=0.02)


def test_the_same_seed_gives_the_same_course_and_another_gives_another() -> None:
    bills = [USUAL]
    first, again, other = (busy(PLANTS[1], bills, 0.1, 600, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("plant", PLANTS, ids=lambda p: p.name)
def test_no_plant_does_more_than_what_breaks_it_first(plant: Plant) -> None:
    _, rate = first_to_break(USUAL, plant, Given())
    passed = Hospital(plant, [USUAL], Given()).run(Load(night=400, seconds=0))
    done = len(passed.waited["night"]) / passed.ended
    assert done <= 1.01 * rate
    assert {*passed.busy} == {*limits(USUAL, plant, Given())}
    assert all(share <= 1.0 + 1e-9 for share in passed.busy.values())


def test_what_a_goal_needs_takes_it_and_a_worker_less_does_not() -> None:
    wanted = 9.0
    plant = needed(USUAL, wanted, Given(), model=True)
    found = limits(USUAL, plant, Given())
    assert {*found} == {*STATIONS}
    assert min(v for k, v in found.items() if k != "database writer") >= wanted
    fewer = replace(plant, workers=int(wanted * 0.25) - 1)
    assert limits(USUAL, fewer, Given())["worker cores"] < wanted
    assert needed(USUAL, wanted, Given(), model=False).model_servers == 0


def test_a_round_alone_takes_what_its_parts_take() -> None:
    plant = replace(PLANTS[1], model_servers=1)
    passed = Hospital(plant, [USUAL], Given()).run(Load(night=1, seconds=0))
    assert passed.ended == pytest.approx(alone_seconds(USUAL, plant, Given()))


@pytest.fixture(scope="module")
def told() -> Forecast:
    return forecast([USUAL, replace(USUAL, name="larger", core_seconds=0.6, requests=17, new_tokens=6000)], Given())


def test_clinicians_go_first(told: Forecast) -> None:
    assert told.beside_night["with priorities"] < told.beside_night["without"] / 2


def test_waits_grow_with_the_load(told: Forecast) -> None:
    most = [w.most for w in told.waits]
    assert most[-1] > 1.5 * most[0]  # 20 % more than it can take
    assert all(w.median <= w.most for w in told.waits)


def test_more_than_a_plant_can_take_piles_up(told: Forecast) -> None:
    for limit in told.limits:
        assert limit.below > 0.93
        assert limit.above < 0.92
        assert limit.full[limit.breaks] == min(limit.full.values()) == limit.rounds_a_second


def test_a_model_needs_cards_and_rules_do_not(told: Forecast) -> None:
    assert [n.plant.model_servers > 0 for n in told.needs] == [n.model for n in told.needs]
    assert {n.reviewers for n in told.needs if "year" in n.goal} == {10_000_000 / 60 / 1600}


def test_the_mean_of_alike_bills_is_theirs() -> None:
    assert replace(mean([USUAL, USUAL]), name="nothing") == USUAL
