"""Visitors of a server in this process, who have come in by its one-time link; and the key of programs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from preround.web.app import create_web
from preround.wiring import House

SITE = "http://127.0.0.1:8000"
SAME_SITE = {"sec-fetch-site": "same-origin"}
KEY = "the-key-of-a-test"
WITH_KEY = {"authorization": f"Bearer {KEY}"}
"""What a program sends to a server that was started with `PREROUND_ACCESS_KEY` set to `KEY`."""


def strangers(web: FastAPI, *, site: str = SITE) -> httpx.AsyncClient:
    """A browser that has not come in."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=web), base_url=site, headers=SAME_SITE)


@asynccontextmanager
async def visiting(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that has come in by the link, in a server of its own."""
    web = create_web(house)
    async with strangers(web) as client:
        assert (await client.get(web.state.people.listens_at(SITE))).status_code == 303
        yield client
