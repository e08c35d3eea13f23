"""Lives of a process that is killed: at its n-th put, node, transaction, send or answer, by a real SIGKILL.

A life is a forked child, so that it has nothing to import again. What it does is counted at every place where something
lasting happens, before and after; at the chosen count the child kills itself, mid-call, and nothing of Python runs on.
Or it is stopped there, as a machine that sleeps, and goes on later.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from sqlalchemy import text
from starlette.types import ASGIApp

from graphs.postgres_checkpoints import FencedSaver
from preround import wiring
from preround.home import open_database
from preround.settings import Settings
from preround.wiring import House, Outside, guideline_folders, open_house
from store.database import Database
from tools.fhir.connection import Connection
from tools.fhir.limits import Limits
from tools.guidelines.library import GuidelineLibrary, load

Work = Callable[[House], Awaitable[Any]]
"""What a life is for."""
Door = Callable[[ASGIApp], ASGIApp]
"""What stands before the sandbox."""


@cache
def _library(folders: tuple[Path, ...]) -> GuidelineLibrary:
    """The recommendations, read once for all lives: it takes longer than the rest of a short one."""
    return load(folders)


class _Counter:
    def __init__(self, kill_at: int, stop_at: int) -> None:
        self.passed = 0
        self._kill_at = kill_at
        self._stop_at = stop_at

    def __call__(self, *, inside: bool = False) -> None:
        """One more place; inside a transaction nobody is stopped, because the others would wait for it."""
        self.passed += 1
        if self.passed == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._stop_at and self.passed >= self._stop_at and not inside:
            self._stop_at = 0
            os.kill(os.getpid(), signal.SIGSTOP)


@dataclass(frozen=True, kw_only=True)
class Life:
    """A child that was begun."""

    pid: int
    """Its process."""
    answers: int
    """Where it says how many places it passed."""

    def stopped(self) -> bool:
        """Wait until it stands still, or has ended; whether it stands still."""
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            return True
        _ENDED[self.pid] = status
        return False

    def go_on(self) -> None:
        """Let it run again."""
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> int | None:
        """Wait for its end; gives how many places it passed, or None when it was killed at one.

        Raises:
            AssertionError: when the child failed by itself; its traceback is on stderr.
        """
        with os.fdopen(self.answers, "rb") as answers:
            answer = answers.read()
        status = _ENDED.pop(self.pid) if self.pid in _ENDED else os.waitpid(self.pid, 0)[1]
        _BEGUN.discard(self.pid)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return None
        assert os.WEXITSTATUS(status) == 0, "the life ended by itself; see stderr"
        return int(answer)


_ENDED: dict[int, int] = {}
_BEGUN: set[int] = set()


@contextmanager
def all_ended() -> Iterator[None]:
    """No life outlasts the block, however it is left; one that stands still would stand for ever."""
    try:
        yield
    finally:
        for pid in _BEGUN - _ENDED.keys():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        _BEGUN.clear()


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
    return begin(settings, work, kill_at=kill_at, door=door).end()


def begin(settings: Settings, work: Work, *, kill_at: int = 0, stop_at: int = 0, door: Door | None = None) -> Life:
    """Begin a life, which is killed or stopped at a place; as `live` has it."""
    library = _library(guideline_folders(settings))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        gc.disable()  # it would touch, and so copy, all that the parent has
        outside = Outside(library=library, limits=Limits(backoff_seconds=0.02))  # a life waits for no server's mood
        _child(settings, work, _Counter(kill_at, stop_at), writing, door, outside)
    os.close(writing)
    _BEGUN.add(child)
    return Life(pid=child, answers=reading)


def leases_run_out(settings: Settings) -> None:
    """The time of leases passes that nobody renews; a lock of the operating system ends with its process."""
    db = open_database(settings)
    try:
        if db.shared:
            with db.single() as connection:
                connection.execute(text("UPDATE leases SET expires = 0"))
    finally:
        db.close()


def _child(
    settings: Settings, work: Work, count: _Counter, answering: int, door: Door | None, outside: Outside
) -> None:
    """Never returns: a forked child must not go on with the parent's tests."""
    try:
        if door is not None:
            _behind(door)
        asyncio.run(_lived(settings, work, count, outside))
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


async def _lived(settings: Settings, work: Work, count: _Counter, outside: Outside) -> None:
    for saver in (AsyncSqliteSaver, FencedSaver):
        _count_around(saver, "aput", count)
        _count_around(saver, "aput_writes", count)
    _count_around(Connection, "send", count)
    _count_transactions(count)
    async with open_house(settings, progress=lambda node, state: count(), outside=outside) as house:
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
            count(inside=True)
        count()

    setattr(Database, "write", counted)  # noqa: B010 - the type checker does not let a method be assigned
