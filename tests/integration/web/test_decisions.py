"""Decisions from the page: what is written, what is said where a mistake was made, what comes next."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

import httpx
import pytest

from tests.integration.web.visitor import (
    NAME,
    SAME_SITE,
    form_of,
    post,
    waiting,
)


async def test_approving_writes_and_leads_to_the_receipt(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    answer = await post(web, item, choice="approve_some", entries="1")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/items/{item}/receipt"
    receipt = (await web.get(answer.headers["location"])).text
    assert NAME in receipt
    stored = (await web.get(f"/api/items/{item}")).json()["receipts"]
    assert [one["entry"] for one in stored] == [1]
    assert stored[0]["reference"] in receipt
    assert stored[0]["sha256"] in receipt
    assert (await web.get(f"/fhir/{stored[0]['reference']}")).json()["status"] == "final"
    view = await web.get(f"/items/{item}/receipt/1")
    assert view.status_code == 200
    assert "as the server has it now" in view.text
    assert (await web.get(f"/items/{item}/receipt/2")).status_code == 404


async def test_an_undo_is_proposed_from_the_receipt(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    await post(web, item, choice="approve_some", entries="1")
    page = f"/items/{item}/receipt"
    (receipt,) = (await web.get(f"/api/items/{item}")).json()["receipts"]
    assert receipt["receipt"] in (await web.get(page)).text
    assert f'action="{page}/1/undo"' in (await web.get(page)).text
    assert (await web.post(f"{page}/1/undo", headers={"sec-fetch-site": "cross-site"})).status_code == 403
    assert (await web.post(f"{page}/2/undo", headers=SAME_SITE)).status_code == 404
    answer = await web.post(f"{page}/1/undo", headers=SAME_SITE)
    assert answer.status_code == 303
    undo = answer.headers["location"].rpartition("/")[2]
    proposed = (await web.get(answer.headers["location"])).text
    assert "It is marked as entered in error; nothing is deleted." in proposed
    assert "Send back to be drafted again" not in proposed, "nobody could draft it again"
    assert "entered-in-error" in proposed
    again = await web.post(f"/api/receipts/{receipt['receipt']}/undo")
    assert (again.status_code, again.json()["review_item"]) == (201, undo)
    for person in (NAME, "Ben Okafor"):
        await post(web, undo, choice="approve_all", name=person)
    assert (await web.get(f"/fhir/{receipt['reference']}")).json()["status"] == "entered-in-error"
    assert f'href="/items/{undo}/receipt">Taken back' in (await web.get(page)).text
    refused = await web.post(f"{page}/1/undo", headers=SAME_SITE)
    assert refused.status_code == 409
    assert "taken back already" in refused.text
    assert (await web.post("/api/receipts/nothing/undo")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({}, "choice", "Choose what to do"),
        ({"choice": "approve_all", "name": "  "}, "name", "Give your name"),
        ({"choice": "approve_some"}, "entries", "none is ticked"),
        ({"choice": "approve_some", "entries": "77"}, "entries", "Name entries that the item has"),
        ({"choice": "reject"}, "code", "Choose a reason"),
        ({"choice": "reject", "code": "made-up"}, "code", "Choose a reason"),
        ({"choice": "reject", "code": "other"}, "words", "Say in words"),
        ({"choice": "revise"}, "words", "Say in words"),
        ({"choice": "edit", "entry": "1", "resource": "{"}, "resource", "not JSON"),
        ({"choice": "edit", "entry": "1", "resource": "[]"}, "resource", "not a resource"),
    ],
)
async def test_a_mistake_is_said_where_it_was_made_and_nothing_is_decided(
    web: httpx.AsyncClient, fields: Mapping[str, str], field: str, words: str
) -> None:
    item = await waiting(web)
    answer = await post(web, item, **fields)
    assert answer.status_code == 422
    assert 'id="problem" role="alert" tabindex="-1" autofocus' in answer.text
    assert words in html.unescape(answer.text)
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}"' in answer.text
    assert "<title>Error: " in answer.text
    assert await waiting(web) == item
    assert (await web.get(f"/api/items/{item}")).json()["decisions"] == []


async def test_what_was_filled_in_stands_there_again_after_a_mistake(web: httpx.AsyncClient) -> None:
    answer = await post(web, await waiting(web), choice="reject", words="Seen her at <noon>")
    assert "Seen her at &lt;noon&gt;" in answer.text
    assert f'value="{NAME}"' in answer.text
    assert re.search(r'value="reject" checked', answer.text)


async def test_rejecting_and_deciding_again(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    form = await form_of(web, item)
    answer = await post(web, item, choice="reject", code="clutter")
    assert answer.headers["location"] == f"/items/{item}"
    assert "rejected" in (await web.get(f"/items/{item}")).text
    again = await web.post(f"/items/{item}/decisions", data={**form, "choice": "approve_all"})
    assert again.status_code == 409
    assert "This item is closed: it was rejected" in again.text


async def test_sending_back_opens_the_next_item_and_the_old_page_points_at_it(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    form = await form_of(web, item)
    answer = await post(web, item, choice="revise", words="Leave the knee out.")
    following = answer.headers["location"]
    assert following != f"/items/{item}"
    assert (await web.get(following)).status_code == 200
    old = (await web.get(f"/items/{item}")).text
    assert f'href="{following}"' in old
    assert "was replaced when the round was sent back" in old
    late = await web.post(f"/items/{item}/decisions", data={**form, "choice": "approve_all"})
    assert late.status_code == 409
    assert f'href="{following}"' in late.text


async def test_editing_an_entry_opens_a_new_item_with_the_text(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    page = (await web.get(f"/items/{item}/entries/1?as=json")).text
    found = re.search(r"<textarea id=\"resource\"[^>]*>(.*?)</textarea>", page, re.S)
    assert found
    changed = html.unescape(found[1]).replace("Pre-round summary", "Morning summary")
    answer = await post(web, item, choice="edit", entry="1", resource=changed)
    assert answer.status_code == 303
    fresh = (await web.get(answer.headers["location"])).text
    assert "Morning summary" in fresh
    assert "Act on / verify first</h2>" in fresh
    assert (await web.get(f"/items/{item}/entries/9")).status_code == 404
