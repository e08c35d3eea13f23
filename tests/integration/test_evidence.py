"""One record of opened evidence for all doors: what the page, the API or a command showed counts wherever one signs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest

from preround.web.app import create_web
from preround.wiring import House, open_house
from review.queue import queue, show
from tests.acceptance.homes import Home, copied, drafted_home
from tests.integration.ehr import with_key
from tests.visiting import SAME_SITE, SITE, WITH_KEY

POLICY = """
name = "site"
[people]
named = [{ name = "Ada Nowak", roles = ["prescriber"] }, { name = "Ben Okafor", roles = ["prescriber"] }]
"""
ADA = ("--as", "Ada Nowak")


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose policy asks for opened evidence, and for nothing else, at every tier."""
    embedded = resources.files("review").joinpath("policy.toml").read_text(encoding="utf-8")
    rules = [row for row in embedded[embedded.index("# Who may send") :].splitlines() if not row.startswith("requires")]
    asked = "\n".join(f'{row}\nrequires = ["evidence_opened"]' if row.startswith("expires_h") else row for row in rules)
    (tmp_path / "policy.toml").write_text(POLICY + asked)
    template, _ = drafted_home(tmp_path_factory.getbasetemp())
    return copied(template, tmp_path / "home", PREROUND_POLICY=str(tmp_path / "policy.toml"))


@pytest.fixture
async def house(home: Home) -> AsyncIterator[House]:
    settings = with_key(home.settings).model_copy(update={"policy": Path(home.more["PREROUND_POLICY"])})
    async with open_house(settings) as opened:
        yield opened


def program(house: House) -> httpx.AsyncClient:
    """A program that comes in with the key, at a web process of its own."""
    transport = httpx.ASGITransport(app=create_web(house))
    return httpx.AsyncClient(transport=transport, base_url=SITE, headers={**WITH_KEY, **SAME_SITE})


async def test_what_the_api_showed_counts_on_the_page_of_another_process_and_for_that_person_alone(
    house: House,
) -> None:
    item = queue(house.services.db, states={"open"})[0].item_id
    entry = show(house.services.db, item).proposal.entries[0]
    ada: dict[str, Any] = {"person": "Ada Nowak"}
    signing = {"verb": "approve", "only": [1], "proposal_sha256": show(house.services.db, item).item.proposal_sha256}
    async with program(house) as first:
        refused = await first.post(f"/api/items/{item}/decisions", json={**ada, **signing})
        assert refused.status_code == 403
        assert "evidence opened" in refused.text
        missing = await first.post(f"/api/items/{item}/opened", json={**ada, "source": "Observation/of-nobody"})
        assert missing.status_code == 404
        shown = await first.post(f"/api/items/{item}/opened", json={**ada, "source": entry.sources[0]})
        assert shown.status_code == 201
        assert (shown.json()["source"], shown.json()["person"]) == (entry.sources[0], "Ada Nowak")
        assert shown.json()["resource"]["id"] in entry.sources[0]
    async with program(house) as second:
        (row,) = (await second.get(f"/api/items/{item}")).json()["evidence_opened"]
        assert (row["person"], [one["source"] for one in row["sources"]]) == ("Ada Nowak", [entry.sources[0]])
        assert "1" not in row["still_to_open"]
        form = {"proposal_sha256": signing["proposal_sha256"], "choice": "approve_some", "entries": "1"}
        other = await second.post(f"/items/{item}/decisions", data={**form, "name": "Ben Okafor"})
        assert other.status_code == 403
        assert "evidence opened" in other.text
        done = await second.post(f"/items/{item}/decisions", data={**form, "name": "Ada Nowak"})
        assert done.status_code == 303


async def test_what_the_page_showed_is_recorded_under_the_name_that_the_browser_keeps(house: House) -> None:
    item = queue(house.services.db, states={"open"})[0].item_id
    entry = show(house.services.db, item).proposal.entries[0]
    address = f"/items/{item}/sources/{entry.sources[0].partition('/_history/')[0]}"
    async with program(house) as web:
        assert "On record" not in (await web.get(address)).text, "nobody has said who they are"
        web.cookies.set("reviewer", "Ada%20Nowak")
        assert "you opened it" not in (await web.get(f"/items/{item}")).text
        assert "On record: Ada Nowak opened this" in (await web.get(address)).text
        page = (await web.get(f"/items/{item}")).text
        assert "you opened it" in page
        assert (await web.get(f"/items/{item}/sources/Observation/of-nobody")).status_code == 404


def test_a_command_opens_and_another_command_signs(home: Home) -> None:
    (row,) = home.json("queue")
    item = row["item"]
    source = home.json("show", item)["entries"][0]["sources"][0]
    assert "evidence opened" in home.refused("decide", item, "--approve", "--only", "1", *ADA, expect=4)
    assert home.json("show", item, "--source", source)["person"] is None
    assert "evidence opened" in home.refused("decide", item, "--approve", "--only", "1", *ADA, expect=4)
    home.refused("show", item, *ADA, expect=2)
    home.refused("show", item, "--source", "Observation/of-nobody", *ADA, expect=3)
    said = home.preround("show", item, "--source", source, *ADA).out
    assert source in said
    assert "On record: Ada Nowak opened it" in said
    assert home.json("show", item)["evidence_opened"][0]["person"] == "Ada Nowak"
    assert home.json("decide", item, "--approve", "--only", "1", *ADA)["outcome"] == "approved"
    assert home.json("show", item, "--source", source, *ADA)["at"] is not None, "it stays on record once it is closed"
