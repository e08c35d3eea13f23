"""Telling those who wait: the one task of a server that sends what Subscriptions ask for.

At least once, in order, one Subscription not waiting for another: what could not be told is tried again, later each
time, and after so many tries the Subscription's status is `error`. Sent in again as `requested`, it goes on where it
stopped.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from preround.sandbox import told
from preround.sandbox.database import Database
from preround.sandbox.told import Served

_LOG = logging.getLogger(__name__)
_SECOND = 1_000_000


class Send(Protocol):
    """Sends one request; what is answered is read no further than its status."""

    async def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes) -> int:
        """The HTTP status of the answer.

        Raises:
            OSError: nobody answered in time.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How often, and after how long, telling is tried again."""

    tries: int = 8
    """Failed tries in a row after which a Subscription is in error."""
    first: float = 1.0
    """Seconds before the second try; twice as long each time."""
    longest: float = 60.0
    """Seconds at most between two tries."""


class Notifier:
    """Serves the Subscriptions of one sandbox file; of several processes one does, the others stand by.

    Args:
        path: the sandbox's file.
        now: the clock that stamps versions, giving aware datetimes.
        send: how a request leaves.
        hosts: hosts beside this machine that may be told, `host` or `host:port`.
        patience: how often telling is tried.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime],
        send: Send,
        hosts: Collection[str] = (),
        patience: Patience | None = None,
    ) -> None:
        self._database = Database(path)
        self._lock = FileLock(f"{path}.told.lock", thread_local=False)
        self._now = now
        self._send = send
        self._hosts = frozenset(hosts)
        self._patience = patience or Patience()

    async def run(self, seconds: float = 0.5) -> None:
        """Serve until cancelled, looking so often."""
        try:
            while True:
                try:
                    await self.step()
                except Exception as error:  # one look that failed must not end the others
                    _log(error)
                await asyncio.sleep(seconds)
        finally:
            self.close()

    def close(self) -> None:
        """Let another process take over, and give every connection back."""
        self._lock.release()
        self._database.close()

    async def step(self) -> int:
        """Look once; returns how many requests were answered well."""
        if not self._mine():
            return 0
        active = await run_in_threadpool(self._active)
        now = told.ticks(self._now())
        return sum(await asyncio.gather(*(self._guarded(one) for one in active if one.due <= now)))

    def _mine(self) -> bool:
        if not self._lock.is_locked:
            try:
                self._lock.acquire(blocking=False)
            except Timeout:
                return False
        return True

    async def _guarded(self, one: Served) -> int:
        try:
            return await self._serve(one)
        except Exception as error:  # one of them must not hold up the others
            _log(error)
            return 0

    def _active(self) -> list[Served]:
        with self._database.reading() as connection:
            new = told.unsettled(connection)
        if new:
            with self._database.writing() as connection:
                told.settle(connection, now=self._moment(), hosts=self._hosts)
        with self._database.reading() as connection:
            active, refused = told.served(connection, hosts=self._hosts)
        for logical_id, why in refused.items():
            with self._database.writing() as connection:
                told.fail(connection, logical_id, error=why, now=self._moment())
        return active

    async def _serve(self, one: Served) -> int:
        if one.hook.end is not None and one.hook.end <= told.ticks(self._now()):
            await self._write(lambda c: told.say(c, one.id, status="off", error=None, now=self._moment()))
            return 0
        found = await run_in_threadpool(self._news, one)
        if found.top == one.cursor:
            return 0
        cursor, well = one.cursor, 0
        if not one.hook.payload and found.versions:
            if (problem := await self._tell(one, "POST", "", b"")) is not None:
                await self._failed(one, cursor, problem)
                return 0
            well = 1
        for version in found.versions if one.hook.payload else ():
            body = (version.body or "").encode()
            if (problem := await self._tell(one, "PUT", f"/{version.path}", body)) is not None:
                await self._failed(one, cursor, problem)
                return well
            cursor, well = version.seq, well + 1
        await self._write(lambda c: told.note(c, one.id, cursor=found.top, failures=0, due=0))
        return well

    def _news(self, one: Served) -> told.News:
        with self._database.reading() as connection:
            return told.news(connection, one)

    async def _tell(self, one: Served, method: str, path: str, body: bytes) -> str | None:
        """What went wrong, in words that name no resource; None where it was taken."""
        typed = {"Content-Type": "application/fhir+json"} if body else {}
        try:
            status = await self._send(
                method, f"{one.hook.endpoint}{path}", headers={**dict(one.hook.headers), **typed}, body=body
            )
        except OSError:
            return "The endpoint did not answer."
        return None if 200 <= status < 300 else f"The endpoint answered {status}."

    async def _failed(self, one: Served, cursor: int, problem: str) -> None:
        moved = cursor != one.cursor
        failures = 1 if moved else one.failures + 1
        wait = min(self._patience.longest, self._patience.first * 2 ** (failures - 1))
        due = told.ticks(self._now()) + int(wait * _SECOND)
        await self._write(lambda c: told.note(c, one.id, cursor=cursor, failures=failures, due=due))
        if failures >= self._patience.tries:
            said = f"{problem} It was tried {failures} times; send this Subscription in again as `requested`."
            await self._write(lambda c: told.fail(c, one.id, error=said, now=self._moment()))

    def _moment(self) -> datetime:
        now = self._now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)  # as FHIR's instants are written

    async def _write(self, work: Callable[[Connection], None]) -> None:
        def inside() -> None:
            with self._database.writing() as connection:
                work(connection)

        await run_in_threadpool(inside)


def _log(error: Exception) -> None:
    _LOG.error("%s while telling subscribers", type(error).__name__)
