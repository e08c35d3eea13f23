"""Kill −9 at many moments of a round, then another process finishes it: one item, one write, none after a rejection.

`TEST_KILLS` in the environment sets how many moments are tried (60 without it): spread evenly over all there are, and
further ones drawn at random, two or three deaths a round.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from claims.canonical import read_exact
from preround.doing import deciding, rounds
from preround.home import open_database
from preround.settings import Settings
from preround.shown.instant import instant
from preround.wiring import House
from review.errors import AlreadyDecided
from review.queue import Shown, queue, show
from store import runs
from tests.acceptance.homes import AS_OF, PATIENT, Home, drafted_home, loaded_home
from tests.acceptance.lives import live
from tests.depth import depth
from tools.fhir import wire

pytestmark = pytest.mark.kill
KILLS = depth("KILLS", 60)
TASKS = ("summary", "comparison")
"""Without the guidelines' engine, so that a life is short."""


async def run_it(house: House) -> None:
    await rounds.start(house, patient=PATIENT, tasks=TASKS, as_of=instant(AS_OF))


async def resume_it(house: House) -> None:
    """What the sweep of `serve` does every few seconds; one that opens an item may leave another round to close."""
    await house.runner.sweep()
    await house.runner.sweep()


async def decide_it(house: House, **how: Any) -> None:
    """Decide the open item, as a person does who finds it still open after a crash."""
    for item in queue(house.services.db, states={"open"}):
        await deciding.decide(house, item_id=item.item_id, person="Ada Nowak", **how)


async def approve_it(house: House) -> None:
    await decide_it(house, verb="approve")


async def reject_it(house: House) -> None:
    await decide_it(house, verb="reject", code="other", words="No.")


async def revise_it(house: House) -> None:
    """Send the first proposal back; the one that answers is left open."""
    for item in queue(house.services.db, states={"open"}):
        if item.revision == 1:
            await deciding.decide(house, item_id=item.item_id, person="Ada Nowak", verb="revise", words="Again.")


def moments(places: int, share: int, seed: int) -> list[tuple[int, ...]]:
    """Single deaths spread over all places, then rounds that die two or three times."""
    drawn = random.Random(seed)  # noqa: S311 - which moment is tried, nothing secret
    several = max(1, share // 6)
    even = sorted({1 + (places - 1) * k // max(1, share - several - 1) for k in range(share - several)})
    return [(n,) for n in even] + [
        tuple(drawn.randint(1, places) for _ in range(drawn.choice((2, 3)))) for _ in range(several)
    ]


def tried(template: Path, folder: Path, work: Any, share: int, seed: int, door: Any = None) -> Any:
    """Homes whose life was ended at each chosen moment."""
    whole = fresh(template, folder / "whole")
    places = live(whole, work, door=door)
    assert places is not None
    assert places > 10, "a life passes few places: is it still counted?"
    for number, deaths in enumerate(moments(places, share, seed)):
        settings = fresh(template, folder / f"k{number}")
        for death in deaths:
            live(settings, work, kill_at=death, door=door)
        yield settings
        shutil.rmtree(settings.home)


def fresh(template: Path, to: Path) -> Settings:
    shutil.copytree(template, to)
    return Settings(home=to)


def state_of(settings: Settings) -> tuple[Sequence[runs.Run], list[Shown]]:
    db = open_database(settings)
    try:
        with db.read() as connection:
            found = runs.by_status(connection)
        return found, [show(db, item.item_id) for item in queue(db)]
    finally:
        db.close()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


@pytest.fixture(scope="module")
def waiting(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a round that waits for its review."""
    home = tmp_path_factory.mktemp("waiting") / "home"
    live(fresh(loaded_home(base), home), run_it)
    return home


def stored(settings: Settings) -> dict[str, Any]:
    return Home(path=settings.home, more={}).stored()


def test_a_killed_run_is_finished_with_one_item(base: Path, tmp_path: Path) -> None:
    begun = 0
    for settings in tried(loaded_home(base), tmp_path, run_it, KILLS // 3, seed=1):
        live(settings, resume_it)
        found, items = state_of(settings)
        # A run that was never put on record was never promised; a round that died twice was begun anew each time.
        assert [run.status for run in found if run.status != "superseded"] == ["awaiting_review"] * min(1, len(found))
        assert [s.item.state for s in items].count("open") == min(1, len(found))
        assert all(s.item.state in {"open", "superseded"} for s in items)
        assert len(items) == len(found)
        begun += bool(found)
    assert begun > KILLS / 6


def test_a_killed_approval_is_written_once(waiting: Path, tmp_path: Path) -> None:
    before = stored(Settings(home=waiting))
    half = 0
    for settings in tried(waiting, tmp_path, approve_it, KILLS // 2, seed=2):
        half += bool(stored(settings).keys() - before.keys())
        live(settings, resume_it)
        live(settings, approve_it)  # only what is still open: the decision itself may not have been kept
        (run,), (shown,) = state_of(settings)
        assert (run.status, shown.item.state) == ("written", "approved")
        assert len(shown.decisions) == 1
        assert Counter(row.state for row in shown.outbox) == {"done": len(shown.outbox)}
        held = stored(settings)
        added = {name: r for name, r in held.items() if name not in before}
        meant = {f"{r.resource_type}/{r.resource_id}": read_exact(r.body) for r in shown.outbox}
        assert added.keys() == meant.keys()
        for name, resource in added.items():
            assert wire.same(wire.unversioned(resource), meant[name])
            assert resource["meta"]["versionId"] == "1"
        assert {name: held[name] for name in before} == before
    assert half > 0, "no life ended between the first write and the last receipt"


def test_nothing_is_written_after_a_killed_rejection(waiting: Path, tmp_path: Path) -> None:
    before = stored(Settings(home=waiting))
    for settings in tried(waiting, tmp_path, reject_it, KILLS // 6, seed=3):
        live(settings, resume_it)
        live(settings, reject_it)
        (run,), (shown,) = state_of(settings)
        assert (run.status, shown.item.state, shown.outbox) == ("rejected", "rejected", ())
        assert stored(settings) == before


def test_a_round_killed_while_it_is_sent_back_waits_with_one_new_item(waiting: Path, tmp_path: Path) -> None:
    for settings in tried(waiting, tmp_path, revise_it, KILLS // 6, seed=4):
        live(settings, resume_it)
        live(settings, revise_it)
        (run,), items = state_of(settings)
        assert run.status == "awaiting_review"
        assert [(s.item.revision, s.item.state) for s in items] == [(1, "superseded"), (2, "open")]
        assert items[0].item.next_item == items[1].item.item_id
        assert run.feedback == "Again."


def test_a_run_killed_before_its_cancellation_stays_cancelled(base: Path, tmp_path: Path) -> None:
    async def cancel_it(house: House) -> None:
        with house.services.db.read() as connection:
            found = runs.by_status(connection, runs.UNFINISHED)
        for run in found:
            house.runner.cancel(run.run_id, person="Ada Nowak")

    for settings in tried(loaded_home(base), tmp_path, run_it, max(4, KILLS // 15), seed=5):
        live(settings, cancel_it)
        live(settings, resume_it)
        found, items = state_of(settings)
        assert {run.status for run in found} <= {"cancelled", "superseded"}
        assert {s.item.state for s in items} <= {"cancelled", "superseded"}


def test_two_sweeps_beside_a_killed_approval_write_once(base: Path, tmp_path: Path) -> None:
    """With suggestions too: five entries, and two processes that resume at once."""
    template, _ = drafted_home(base)
    before = stored(Settings(home=template))
    for settings in tried(template, tmp_path, approve_it, max(2, KILLS // 30), seed=6):
        home = Home(path=settings.home, more={})
        racing = [home.start("resume") for _ in range(2)]
        for process in racing:
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, (out, err)
        live(settings, approve_it)
        (run,), (shown,) = state_of(settings)
        assert run.status == "written"
        added = stored(settings).keys() - before.keys()
        assert added == {f"{r.resource_type}/{r.resource_id}" for r in shown.outbox}


def test_the_decision_cannot_be_taken_twice(waiting: Path, tmp_path: Path) -> None:
    async def twice(house: House) -> None:
        (item,) = queue(house.services.db, states={"open"})
        await deciding.decide(house, item_id=item.item_id, person="Ada Nowak", verb="approve")
        with pytest.raises(AlreadyDecided):
            await deciding.decide(
                house, item_id=item.item_id, person="Ben Okafor", verb="reject", code="other", words="x"
            )

    assert live(fresh(waiting, tmp_path / "home"), twice)
