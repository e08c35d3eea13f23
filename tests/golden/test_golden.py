"""A release keeps the waiting rounds of the one before: they are signed and written, or rejected, by this program."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from graphs.state import GRAPH_VERSION
from preround.doing import deciding
from preround.settings import Settings
from preround.wiring import open_house
from review.queue import queue
from tests.acceptance.homes import Home, loaded
from tests.golden.make import DATABASES, HERE, Standing

KEPT = sorted(HERE.glob("threads-*"))


@pytest.fixture(params=KEPT, ids=lambda path: path.name)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A home as that release left it."""
    kept: Path = request.param
    home = loaded(tmp_path / "home", kept / "bundle.json")
    for name in DATABASES:
        with closing(sqlite3.connect(home / f"{name}.sqlite")) as database:
            database.executescript((kept / f"{name}.sql").read_text())
    return Home(path=home, more={})


async def test_waiting_rounds_of_a_release_are_signed_and_written_once(home: Home) -> None:
    before = home.stored()
    async with open_house(Settings(home=home.path), clock=Standing(later=timedelta(hours=1))) as house:
        waiting = queue(house.services.db, states={"open"})
        assert len(waiting) == 2
        receipts = []
        for item in waiting:
            done = await deciding.decide(house, item_id=item.item_id, person="Ada Nowak", verb="approve")
            assert (done["outcome"], done["run_status"]) == ("approved", "written")
            receipts += [receipt["reference"] for receipt in done["receipts"]]
        assert await house.runner.sweep() == ()
    after = home.stored()
    added = {name: r for name, r in after.items() if name not in before}
    assert set(receipts) <= added.keys()
    assert {r["meta"]["versionId"] for r in added.values()} == {"1"}
    assert {name: after[name] for name in before} == before


async def test_waiting_rounds_of_a_release_are_rejected_and_sent_back(home: Home) -> None:
    before = home.stored()
    async with open_house(Settings(home=home.path), clock=Standing(later=timedelta(hours=1))) as house:
        drafted, prepared = sorted(
            queue(house.services.db, states={"open"}), key=lambda item: item.tasks != ("summary",)
        )
        done = await deciding.decide(
            house, item_id=prepared.item_id, person="Ada Nowak", verb="reject", code="other", words="No."
        )
        assert done["run_status"] == "rejected"
        done = await deciding.decide(house, item_id=drafted.item_id, person="Ada Nowak", verb="revise", words="Again.")
        assert done["run_status"] == "awaiting_review"
        assert done["next_item"]
    assert home.stored() == before


def test_there_is_a_folder_for_this_version_of_the_graph() -> None:
    assert f"threads-{GRAPH_VERSION}" in {path.name for path in KEPT}, "run `python -m tests.golden.make` and commit it"
