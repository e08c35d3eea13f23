"""Somebody who visits the pages over ASGI, and what they read on them."""

from __future__ import annotations

import html
import re
import socket
from html.parser import HTMLParser

import httpx

from tests.visiting import SAME_SITE as SAME_SITE
from tests.visiting import SITE as SITE
from tests.visiting import visiting as visiting

NAME = "Ada Nowak"


async def waiting(web: httpx.AsyncClient) -> str:
    found = (await web.get("/api/items", params={"status": "open"})).json()
    return str(found[-1]["item"])


async def form_of(web: httpx.AsyncClient, item: str) -> dict[str, str]:
    page = (await web.get(f"/items/{item}")).text
    found = re.search(r'name="proposal_sha256" value="([0-9a-f]{64})"', page)
    assert found
    return {"name": NAME, "proposal_sha256": found[1]}


async def post(web: httpx.AsyncClient, item: str, **fields: str) -> httpx.Response:
    return await web.post(f"/items/{item}/decisions", data={**await form_of(web, item), **fields})


def links(page: str, start: str) -> list[str]:
    return [html.unescape(href) for href in re.findall(r'href="([^"#]+)', page) if href.startswith(start)]


def markup_of(page: str) -> set[str]:
    """Tags and attributes that no template has, and `tag` and `attribute` for all others.

    A script is one of ours when it comes from this site's own folder, and has nothing inside.
    """
    found: set[str] = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            own = tag == "script" and [name for name, _ in attrs] == ["src", "defer"]
            own = own and str(attrs[0][1]).startswith("/static/")
            found.add(tag if tag in ("script", "img", "iframe", "style", "object") and not own else "tag")
            found.update(name if name.startswith("on") or name == "style" else "attribute" for name, _ in attrs)

    Reader().feed(page)
    if re.search(r"<script[^>]*>(?!</script>)", page):
        found.add("script")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
