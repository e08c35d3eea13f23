"""The pages of a rollout: switches that count at once and are said on the item, incidents with their owners."""

from __future__ import annotations

import httpx
import pytest

from preround.people.sessions import Session
from preround.people.visitor import Visitor
from preround.wiring import House
from review.incidents import incidents, paused
from review.switches import standing
from tests.integration.web.visitor import post, waiting


async def test_a_switch_on_the_page_counts_at_once_and_is_said_on_the_item(
    web: httpx.AsyncClient, house: House
) -> None:
    item = await waiting(web)
    assert "Everything is on." in (await web.get("/switches")).text
    form = {"task": "suggestions", "reason": "wrong ages", "name": "Ada Nowak", "mode": "off"}
    assert (await web.post("/switches", data={**form, "reason": " "})).status_code == 422
    mistyped = await web.post("/switches", data={"site": "mian", "reason": "r", "name": "Ada Nowak", "mode": "off"})
    assert mistyped.status_code == 422
    assert "did you mean main?" in mistyped.text
    assert standing(house.services.db) == ()
    assert (await web.post("/switches", data=form)).status_code == 303
    page = (await web.get(f"/items/{item}")).text
    assert "Can be read, not signed" in page
    assert "Ada Nowak" in page
    assert "wrong ages" in page
    refused = await post(web, item, choice="approve_all")
    assert refused.status_code == 409
    assert "can be read but not signed" in refused.text
    assert (await web.get(f"/api/items/{item}")).status_code == 200
    assert (await web.post("/switches", data={**form, "mode": "on", "reason": "mended"})).status_code == 303
    assert "Can be read, not signed" not in (await web.get(f"/items/{item}")).text
    acts = (await web.get("/switches")).text
    assert "mended" in acts
    assert "Everything is on." in acts


async def test_an_incident_is_taken_and_closed_with_what_was_done(web: httpx.AsyncClient, house: House) -> None:
    item = await waiting(web)
    await post(web, item, choice="reject", code="unsafe", words="The dose is for another weight.")
    db = house.services.db
    assert paused(db)
    assert "nobody’s yet" in (await web.get("/incidents")).text
    there = f"/incidents/{item}"
    assert (await web.post(there, data={"do": "taken", "name": "Ada Nowak"})).status_code == 303
    assert (await web.post(there, data={"do": "closed", "name": "Ada Nowak", "words": " "})).status_code == 422
    assert incidents(db)[0].owner == "Ada Nowak"
    done = {"do": "closed", "name": "Ada Nowak", "words": "The table of weights was mended"}
    assert (await web.post(there, data=done)).status_code == 303
    assert (await web.post(there, data=done)).status_code == 409
    assert not paused(db)
    assert "The table of weights was mended" in (await web.get("/incidents")).text
    again = {**done, "do": "reopened", "words": "It came again"}
    assert (await web.post(there, data=again)).status_code == 303
    assert paused(db)
    assert (await web.post("/incidents/nothing", data=done)).status_code == 404


async def test_whether_to_go_on_is_said_with_what_is_wanting(web: httpx.AsyncClient, house: House) -> None:
    item = await waiting(web)
    page = (await web.get("/rollout")).text
    assert "Whether to go on: not enough yet" in page
    assert "Nothing was proposed in silence" in page
    await post(web, item, choice="reject", code="unsafe", words="The dose is for another weight.")
    page = (await web.get("/rollout", params={"task": "summary", "site": "main"})).text
    assert "Whether to go on: no-go" in page
    assert "1 of 1" in page
    assert "TESTPATIENT" not in page


@pytest.mark.parametrize("there", ["/rollout", "/switches", "/incidents"])
async def test_these_pages_are_for_informaticists(
    web: httpx.AsyncClient, there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in = Visitor(way="oidc", name="Ada Nowak", subject="https://login.example|ada", roles=("prescriber",))
    session = Session(visitor=signed_in, caller="ada", seen=0.0, ends=1.0)
    monkeypatch.setattr("preround.people.signing.here", lambda: session)
    answers = [await web.get(there)]
    if there != "/rollout":
        answers.append(await web.post(f"{there}{'/x' if 'inc' in there else ''}", data={"name": "x"}))
    for answer in answers:
        assert answer.status_code == 403
        assert "for informaticists" in answer.text
