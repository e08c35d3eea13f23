"""How a round gets on, as server-sent events: one for each change of its status, until it waits or has ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi.concurrency import run_in_threadpool

from graphs.node import run_of
from preround.wiring import House
from store.runs import Run

LOOK_SECONDS = 0.5
KEEP_ALIVE_SECONDS = 15.0
"""A comment so often, because what lies between may close a connection that is silent."""
LONGEST_SECONDS = 600.0
"""A browser or program that listens longer connects again by itself."""
UNDER_WAY = frozenset({"running", "committing"})


async def events_of(house: House, run_id: str) -> AsyncIterator[bytes]:
    """The events; the last is `done`, for a round that waits for a person or has ended."""
    told: tuple[str, str | None] | None = None
    silent = waited = 0.0
    while waited < LONGEST_SECONDS:
        run = await run_in_threadpool(run_of, house.services, run_id)
        if (run.status, run.status_detail) != told:
            told, silent = (run.status, run.status_detail), 0.0
            yield _event("status" if run.status in UNDER_WAY else "done", run)
        if run.status not in UNDER_WAY:
            return
        await asyncio.sleep(LOOK_SECONDS)
        silent, waited = silent + LOOK_SECONDS, waited + LOOK_SECONDS
        if silent >= KEEP_ALIVE_SECONDS:
            silent = 0.0
            yield b": still under way\n\n"


def _event(name: str, run: Run) -> bytes:
    data = {
        "run_id": run.run_id,
        "status": run.status,
        "detail": run.status_detail,
        "location": f"/api/runs/{run.run_id}",
    }
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
