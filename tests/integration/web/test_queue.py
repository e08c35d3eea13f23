"""The queue: what it says of each item, how it is narrowed, paged and claimed, what is refused."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from preround.settings import Settings
from preround.wiring import House, open_house
from review.queue import queue, show
from tests.integration.web.many import fill
from tests.integration.web.visitor import NAME, links, post, visiting, waiting


def row_of(page: str, item: str) -> str:
    """The line of one item, as text."""
    rows = re.findall(r"<tr[^>]*data-row>.*?</tr>", page, re.S)
    found = next(row for row in rows if f"/items/{item}" in row)
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", found)).split())


def items_on(page: str) -> list[str]:
    return [href.rpartition("/")[2] for href in links(page, "/items/")]


def claims(house: House) -> dict[str, str | None]:
    return {one.item_id: one.claimed_by for one in queue(house.services.db)}


async def test_a_line_says_for_whom_what_how_risky_how_old_and_until_when(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    line = row_of((await web.get("/")).text, item)
    for words in ("TESTPATIENT, Aurora", "born 11 Feb 1954", "female", "Start a moderate-intensity statin"):
        assert words in line
    for words in ("with Pre-round summary", "3 needs care", "min", "in 7 h", "nobody"):
        assert words in line


async def test_the_line_of_an_item_of_an_earlier_release_says_the_same(house: House, web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    with_card = row_of((await web.get("/")).text, item)
    with house.services.db.write() as connection:
        connection.exec_driver_sql("UPDATE items SET card_sha256 = NULL")
    assert row_of((await web.get("/")).text, item) == with_card


async def test_an_edited_item_keeps_who_it_is_about(house: House, web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    answer = await post(web, item, choice="edit", entry="1", **{"element:title": "Morning summary"})
    fresh = answer.headers["location"].rpartition("/")[2]
    assert show(house.services.db, fresh).item.card_sha256
    assert "TESTPATIENT, Aurora" in row_of((await web.get("/")).text, fresh)


async def test_an_empty_queue_teaches_the_next_step(tmp_path: Path) -> None:
    async with open_house(Settings(home=tmp_path)) as empty, visiting(empty) as web:
        answer = await web.get("/")
        assert (await web.get("/queue/next")).headers["location"] == "/"
    assert answer.status_code == 200
    assert "preround run PATIENT" in answer.text


@pytest.mark.parametrize(
    "asked",
    [
        {"status": "nope"},
        {"tier": "7"},
        {"claimed": "somebody"},
        {"order": "random"},
        {"task": "<b>"},
        {"after": "bm9uc2Vuc2U"},
        {"after": "W10"},
        {"after": "%%%"},
    ],
)
async def test_what_is_no_choice_is_refused(web: httpx.AsyncClient, asked: Mapping[str, str]) -> None:
    assert (await web.get("/", params=asked)).status_code == 404


async def test_a_status_that_is_none_is_refused_by_the_api(web: httpx.AsyncClient) -> None:
    assert (await web.get("/api/items", params={"status": "nope"})).status_code == 422


# ---- a long queue ----------------------------------------------------------------------------------------------------


async def test_a_queue_of_five_thousand_is_paged_whole_and_at_once(house: House) -> None:
    now = house.services.clock.now()
    fill(house.services.db, 5000, now=now)
    async with visiting(house) as web:
        took, seen, path = [], [], "/"
        for _ in range(7):
            before = time.process_time()
            answer = await web.get(path)
            took.append(time.process_time() - before)
            seen += items_on(answer.text)
            path = html.unescape(re.findall(r'<a href="([^"]+)" rel="next"', answer.text)[0])
        assert "of 5001 shown" in answer.text
        assert len(answer.content) < 150_000
    assert sorted(took)[len(took) // 2] < 0.1
    assert len(seen) == len(set(seen)) == 350
    by_urgency = sorted(
        queue(house.services.db, states={"open"}), key=lambda i: (not i.critical, i.expires_at, i.item_id)
    )
    assert seen == [one.item_id for one in by_urgency[:350]]


@pytest.mark.parametrize("order", ["risk", "oldest", "latest"])
async def test_each_order_pages_through_all_once(house: House, order: str) -> None:
    fill(house.services.db, 230, now=house.services.clock.now())
    async with visiting(house) as web:
        seen, path = [], f"/?order={order}"
        while path:
            page = (await web.get(path)).text
            seen += items_on(page)
            path = next((html.unescape(href) for href in re.findall(r'<a href="([^"]+)" rel="next"', page)), "")
    key = {
        "risk": lambda i: (-i.tier, not i.critical, i.expires_at, i.item_id),
        "oldest": lambda i: (i.opened, i.item_id),
        "latest": lambda i: (-i.opened.timestamp(), [-ord(c) for c in i.item_id]),
    }[order]
    assert seen == [one.item_id for one in sorted(queue(house.services.db), key=key)]


async def test_the_queue_is_narrowed_by_what_one_asks(house: House) -> None:
    fill(house.services.db, 200, now=house.services.clock.now())
    everything = queue(house.services.db)
    async with visiting(house) as web:
        await web.post("/queue/claims", data={"one": f"claim:{everything[0].item_id}", "name": NAME})
        everything = queue(house.services.db)
        for asked, wanted in (
            ("tier=4", [i for i in everything if i.tier == 4]),
            ("critical=yes", [i for i in everything if i.critical]),
            ("claimed=me", [i for i in everything if i.claimed_by == NAME]),
            ("claimed=nobody&tier=1", [i for i in everything if i.tier == 1 and not i.claimed_by]),
            ("task=summary&tier=3", [i for i in everything if "summary" in i.tasks and i.tier == 3]),
            ("task=summa", []),
            ("status=rejected", []),
        ):
            page = (await web.get(f"/?{asked}")).text
            assert sorted(items_on(page)) == sorted(i.item_id for i in wanted)[:50] or len(wanted) > 50, asked
            assert not wanted or f"of {len(wanted)} shown" in page


# ---- claims and views ------------------------------------------------------------------------------------------------


async def test_several_are_claimed_at_once_and_one_that_is_anothers_is_named(house: House) -> None:
    fill(house.services.db, 6, now=house.services.clock.now())
    ids = [f"{n:016x}" for n in range(6)]  # the fourth is Ada's
    async with visiting(house) as web:
        answer = await web.post("/queue/claims", data={"item": ids, "name": "Ben Okafor", "do": "claim", "tier": "4"})
        assert answer.status_code == 409
        assert "5 of 6 claimed." in html.unescape(answer.text)
        assert "it is Ada Nowak's review" in html.unescape(answer.text)
        assert set(claims(house).values()) == {"Ben Okafor", "Ada Nowak", None}
        answer = await web.post("/queue/claims", data={"item": ids[:2], "do": "release", "tier": "4"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/?tier=4")
        assert [claims(house)[i] for i in ids[:4]] == [None, None, "Ben Okafor", "Ada Nowak"]
        crossed = {"sec-fetch-site": "cross-site"}
        assert (await web.post("/queue/claims", data={"item": ids}, headers=crossed)).status_code == 403


@pytest.mark.parametrize(
    ("fields", "words", "field"),
    [({"name": NAME}, "Tick the items", "lines"), ({"item": "0" * 16}, "Give your name", "name")],
)
async def test_a_claim_that_lacks_something_is_said_where_it_lacks(
    web: httpx.AsyncClient, fields: Mapping[str, str], words: str, field: str
) -> None:
    answer = await web.post("/queue/claims", data=fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}"' in answer.text


async def test_a_view_is_kept_for_one_person_and_forgotten(web: httpx.AsyncClient) -> None:
    nameless = await web.post("/queue/views", data={"label": "Risky", "do": "keep", "tier": "4"})
    assert nameless.status_code == 422
    kept = {"label": "Risky & <new>", "do": "keep", "tier": "4", "claimed": "nobody", "name": NAME}
    assert (await web.post("/queue/views", data=kept)).headers["location"] == "/?tier=4&claimed=nobody"
    page = (await web.get("/")).text
    assert '<a href="/?tier=4&amp;claimed=nobody">Risky &amp; &lt;new&gt;</a>' in page
    web.cookies.clear()
    assert "Risky" not in (await web.get("/")).text
    await web.post("/queue/views", data={"do": "forget", "forget": "Risky & <new>", "name": NAME})
    assert "Risky" not in (await web.get("/")).text


async def test_the_live_count_and_the_next_item(house: House, web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    fill(house.services.db, 8, now=house.services.clock.now())
    events = await web.get("/queue/events")
    assert events.headers["content-type"].startswith("text/event-stream")
    assert 'data: {"waiting": 9, "critical": 1}' in events.text
    order, at = [], item
    for _ in range(9):
        at = (await web.get("/queue/next", params={"after": at})).headers["location"].rpartition("/")[2]
        order.append(at)
    assert sorted(order) == sorted(one.item_id for one in queue(house.services.db))
    assert order[-1] == item
