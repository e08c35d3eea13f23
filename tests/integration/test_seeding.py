"""Seeded errors in a running house: none without the setting, none for anybody real, told after, and never written."""

from __future__ import annotations

from pathlib import Path

import pytest

from preround.doing.seeding import seed
from preround.wiring import House, open_house
from review.queue import queue, show
from review.seeding import seeded_every
from store import seeded
from tests.acceptance.homes import Home, copied, drafted_home
from tests.integration.web.visitor import NAME, post, visiting

SHARE = "1.0"


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    template, _ = drafted_home(tmp_path_factory.getbasetemp())
    return copied(template, tmp_path / "home", PREROUND_SEEDED_SHARE=SHARE)


def only(house: House) -> tuple[str, str, str]:
    """The copy, the sentence as it was, and what it says."""
    (one,) = seeded_every(house.services.db)
    with house.services.db.read() as connection:
        texts = seeded.texts(connection, one)
    (item,) = [i.item_id for i in queue(house.services.db, states={"open"}) if i.run_id == one.run_id]
    assert texts is not None
    return item, *texts


async def test_there_is_none_without_the_setting_and_each_item_is_copied_once(home: Home) -> None:
    async with open_house(home.settings) as house:
        assert seed(house) == ()
        assert len(queue(house.services.db)) == 1
    async with open_house(home.settings.model_copy(update={"seeded_share": 0.1})) as house:
        assert len(seed(house)) == 1, "a share is rounded up"
        assert seed(house) == ()
        assert len(queue(house.services.db)) == 2


async def test_a_server_of_the_sites_own_has_none(home: Home) -> None:
    settings = home.settings.model_copy(update={"seeded_share": 1.0, "fhir": "http://127.0.0.1:9/fhir"})
    async with open_house(settings) as house:
        assert house.sandbox is None
        assert seed(house) == ()
        assert len(queue(house.services.db)) == 1


async def test_the_page_says_the_wrong_sentence_and_that_it_was_wrong_once_it_is_decided(home: Home) -> None:
    before = home.stored()
    async with open_house(home.settings.model_copy(update={"seeded_share": 1.0})) as house, visiting(house) as web:
        (opened,) = seed(house)
        item, was, says = only(house)
        assert opened.item_id == item
        place = show(house.services.db, item).proposal.entries[seeded_every(house.services.db)[0].entry - 1]
        assert says in str(place.resource)
        assert was not in str(place.resource)
        waiting = (await web.get(f"/items/{item}")).text
        assert "on purpose" not in waiting
        assert "seeded" not in (await web.get(f"/api/items/{item}")).json()
        answer = await post(web, item, choice="approve_all")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/items/{item}")
        page = (await web.get(f"/items/{item}")).text
        assert "on purpose" in page
        assert "Nothing of this item was written" in page
        assert (await web.get(f"/api/items/{item}")).json()["seeded"]["result"] == "missed"
        quality = (await web.get("/quality")).text
        assert '<h2 id="seeded">Seeded errors</h2>' in quality
        assert "Nothing has been decided yet" in quality, "it is no ordinary decision"
        table = (await web.get("/quality/seeded.csv")).text
        assert table.splitlines()[1].split(",")[4] == "missed"
        assert was not in table
        assert NAME not in table
        await house.runner.sweep()
    assert home.stored() == before


def test_a_command_is_told_too(home: Home) -> None:
    home.preround("demo", "--no-serve")
    rows = home.json("queue", "--status", "open")
    assert len(rows) >= 2
    before = home.stored()
    told = [home.json("decide", row["item"], "--reject", "clutter", "--as", "Ada Nowak") for row in rows]
    seeds = [one["seeded"] for one in told if "seeded" in one]
    assert [one["result"] for one in seeds] == ["caught"] * len(seeds)
    assert seeds
    assert all(one["was"] != one["says"] for one in seeds)
    counted = home.json("quality")["seeded"]
    assert sum(one["caught"] for one in counted) == len(seeds)
    assert home.stored() == before
