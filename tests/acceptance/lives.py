"""Lives of a process that is killed: at its n-th put, node, transaction, send or answer, by a real SIGKILL.

A life is a forked child, so that it has nothing to import again. What it does is counted at every place where something
lasting happens, before and after; at the chosen count the child kills itself, mid-call, and nothing of Python runs on.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from starlette.types import ASGIApp

from preround import wiring
from preround.settings import Settings
from preround.wiring import House, open_house
from store.database import Database
from tools.fhir.connection import Connection

Work = Callable[[House], Awaitable[Any]]
"""What a life is for."""
Door = Callable[[ASGIApp], ASGIApp]
"""What stands before the sandbox."""


class _Counter:
    def __init__(self, kill_at: int) -> None:
        self.passed = 0
        self._kill_at = kill_at

    def __call__(self) -> None:
        self.passed += 1
        if self.passed == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def live(settings: Settings, work: Work, *, kill_at: int = 0, door: Door | None = None) -> int | None:
    """One life; gives how many places it passed, or None when it was killed at one.

    Args:
        settings: of the house.
        work: what the life is for.
        kill_at: the place at which it ends; 0 for none.
        door: what stands before the sandbox.

    Raises:
        AssertionError: when the child failed by itself; its traceback is on stderr.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _child(settings, work, kill_at, writing, door)
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        answer = answers.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    assert os.WEXITSTATUS(status) == 0, "the life ended by itself; see stderr"
    return int(answer)


def _child(settings: Settings, work: Work, kill_at: int, answering: int, door: Door | None) -> None:
    """Never returns: a forked child must not go on with the parent's tests."""
    try:
        count = _Counter(kill_at)
        if door is not None:
            _behind(door)
        asyncio.run(_lived(settings, work, count))
        os.write(answering, str(count.passed).encode())
        os._exit(0)
    except BaseException:
        traceback.print_exc(file=sys.stderr)
        sys.stderr.flush()
    finally:
        os._exit(3)


def _behind(door: Door) -> None:
    """Put a door before the sandbox, in this life alone."""
    named: Any = wiring
    inner = named.in_process
    named.in_process = lambda app: inner(door(app))


async def _lived(settings: Settings, work: Work, count: _Counter) -> None:
    _count_around(AsyncSqliteSaver, "aput", count)
    _count_around(AsyncSqliteSaver, "aput_writes", count)
    _count_around(Connection, "send", count)
    _count_transactions(count)
    async with open_house(settings, progress=lambda node, state: count()) as house:
        await work(house)


def _count_around(owner: type, name: str, count: _Counter) -> None:
    inner = getattr(owner, name)

    async def counted(*given: Any, **named: Any) -> Any:
        count()
        found = await inner(*given, **named)
        count()
        return found

    setattr(owner, name, counted)


def _count_transactions(count: _Counter) -> None:
    inner: Any = Database.write

    @contextmanager
    def counted(self: Database) -> Iterator[Any]:
        with inner(self) as connection:
            yield connection
            count()
        count()

    setattr(Database, "write", counted)  # noqa: B010 - the type checker does not let a method be assigned
