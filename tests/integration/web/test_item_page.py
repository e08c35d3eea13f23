"""The page of one item: what stands first, where citations lead, what is one click away."""

from __future__ import annotations

import html
import re

import httpx

from preround.doing import rounds
from preround.wiring import House
from tests.integration.web.visitor import (
    links,
    markup_of,
    waiting,
)


async def test_what_to_act_on_stands_before_everything_else(web: httpx.AsyncClient) -> None:
    page = (await web.get(f"/items/{await waiting(web)}")).text
    headings = re.findall(r"<h2[^>]*>([^<]+)", page)
    assert headings[0] == "Act on / verify first"
    assert "rules only, not a model" in page
    assert page.index("rules only, not a model") < page.index("Act on / verify first</h2>")


async def test_every_citation_opens_the_literal_that_it_cites(house: House, web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    result = rounds.result(house, (await web.get("/api/items")).json()[-1]["run_id"])
    page = (await web.get(f"/items/{item}")).text
    found = sorted(set(links(page, f"/items/{item}/sources/")))
    assert len(found) > 20
    cited = {c["value"] for d in result["drafts"] for s in d["sections"] for x in s["claims"] for c in x["citations"]}
    seen = ""
    for href in found:
        answer = await web.get(href)
        assert answer.status_code == 200, href
        assert "of=" not in href or '<mark id="cited"' in answer.text, href
        seen += html.unescape(" ".join(re.findall(r"<mark.*?</mark>", answer.text, re.S)))
    assert [value for value in cited if value not in seen] == []


async def test_a_source_that_the_round_did_not_read_is_not_found(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    for ref in ("L9999", "Patient/fx-hard-patient", "../../etc/passwd"):
        assert (await web.get(f"/items/{item}/sources/{ref}")).status_code == 404


async def test_trends_have_a_table_and_hashes_are_one_click_away(web: httpx.AsyncClient) -> None:
    page = (await web.get(f"/items/{await waiting(web)}")).text
    figures = re.findall(r"<figure.*?</figure>", page, re.S)
    assert len(figures) > 3
    assert all("<svg" in one and "<table" in one and 'class="band"' in one for one in figures[:4])
    closed = re.sub(r"<details.*?</details>", "", page, flags=re.S)
    assert not re.search(r">[^<]*[0-9a-f]{64}", closed)
    assert re.search(r">[^<]*[0-9a-f]{64}", page)


async def test_every_page_says_what_a_browser_may_do_with_it(web: httpx.AsyncClient) -> None:
    item = await waiting(web)
    for path in ("/", f"/items/{item}", "/nope", "/api/items", "/fhir/metadata", "/api/docs"):
        answer = await web.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert markup_of(answer.text) <= {"tag", "attribute"}
