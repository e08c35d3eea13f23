"""What is refused at the door."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from preround.wiring import House
from tests.integration.web.visitor import (
    NAME,
    form_of,
    post,
    visiting,
    waiting,
)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
    ],
)
async def test_what_another_sites_page_posts_is_refused(house: House, headers: Mapping[str, str]) -> None:
    async with visiting(house) as web:
        item = await waiting(web)
        form = await form_of(web, item)
        del web.headers["sec-fetch-site"]
        for path in (f"/items/{item}/decisions", "/fhir/Patient", "/api/runs"):
            answer = await web.post(path, data={**form, "choice": "approve_all"}, headers=dict(headers))
            assert answer.status_code == 403, path
        assert (await web.get(f"/api/items/{item}")).json()["decisions"] == []


async def test_a_name_that_points_here_from_elsewhere_is_refused(web: httpx.AsyncClient) -> None:
    assert (await web.get("/", headers={"host": "rebound.example:8000"})).status_code == 421
    assert (await web.get("/", headers={"host": "localhost:8000"})).status_code == 200


async def test_a_program_that_is_no_browser_may_post(house: House) -> None:
    async with visiting(house) as web:
        item = await waiting(web)
        form = await form_of(web, item)
        del web.headers["sec-fetch-site"]
        body = {"person": NAME, "verb": "reject", "code": "clutter", "proposal_sha256": form["proposal_sha256"]}
        answer = await web.post(f"/api/items/{item}/decisions", json=body)
    assert answer.status_code == 200
    assert answer.json()["outcome"] == "rejected"


async def test_a_form_with_a_file_or_endless_fields_is_refused(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    assert (await web.post(f"/items/{item}/decisions", files={"name": b"x"})).status_code in (400, 422)
    assert (await post(web, item, choice="revise", words="x" * 300_000)).status_code == 422
    assert (await web.get(f"/api/items/{item}")).json()["decisions"] == []
