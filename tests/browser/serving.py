"""Servers in this process: what `preround serve` serves, on a real socket, without the seconds in which it imports."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from fastapi import APIRouter
from pydantic import SecretStr

from preround.commands.serve import open_doors
from preround.settings import Settings
from preround.web.listening import address_of, answered
from preround.wiring import open_house
from tests.visiting import KEY

Result = TypeVar("Result")
STARTS_WITHIN = 600.0
"""Seconds for a process or a server; a busy machine takes its time."""
WAITS = 120_000.0
"""Milliseconds for a page."""


def apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Do work in a loop of its own, in a thread: Playwright keeps one running in this one."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()


@contextmanager
def serving(home: Path, *more: APIRouter, **given: Any) -> Iterator[str]:
    """The address of a server on a free port, for as long as the block lasts.

    Args:
        home: where it keeps its state.
        more: routes beside the usual ones.
        given: further settings.
    """
    started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    settings = Settings(home=home, access_key=SecretStr(KEY), **given)

    async def work() -> None:
        stop = asyncio.Event()
        async with (
            open_house(settings) as house,
            open_doors(house, port=0, more=more) as (web, listener),
            answered(web, listener),
        ):
            started.set_result((address_of("127.0.0.1", listener), asyncio.get_running_loop(), stop))
            await stop.wait()

    with ThreadPoolExecutor(max_workers=1) as thread:
        ended = thread.submit(asyncio.run, work())
        either: list[Future[Any]] = [started, ended]
        wait(either, timeout=STARTS_WITHIN, return_when=FIRST_COMPLETED)
        if ended.done():
            ended.result()
        site, loop, stop = started.result(timeout=0)
        try:
            yield site
        finally:
            loop.call_soon_threadsafe(stop.set)
            ended.result(timeout=STARTS_WITHIN)
