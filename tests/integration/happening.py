"""A FHIR server on a socket on which things happen, and a house that watches it; either has a clock of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pydantic import SecretStr
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from preround.replay.stage_clock import StageClock
from preround.sandbox.app import create_sandbox
from preround.settings import Settings
from preround.subscriptions.rules import Rules
from preround.subscriptions.site import SubscriptionSite
from preround.subscriptions.watching import Watcher
from preround.web.listening import address_of, listening
from preround.wiring import House, open_house
from store import audit, beginnings, watches
from store.audit import AuditRow
from store.beginnings import Beginning
from store.watches import Watch

STARTS = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
RULES = Rules.model_validate(
    {
        "rule": [
            {
                "name": "admission",
                "type": "Encounter",
                "where": {"class": ["IMP"], "status": ["in-progress"]},
                "tasks": ["summary"],
                "apart_seconds": 3600,
            },
            {
                "name": "result",
                "type": "Observation",
                "where": {"category": ["laboratory"], "status": ["final", "corrected"]},
                "tasks": ["comparison"],
                "every_version": True,
                "wait_seconds": 300,
                "apart_seconds": 3600,
            },
        ]
    }
)


@dataclass(kw_only=True)
class Happening:
    """The server."""

    base: str
    clock: StageClock
    """The server's."""
    folder: Path
    file: Path
    """The sandbox's file."""
    database_url: SecretStr | None = None
    """The PostgreSQL of the houses that watch it; SQLite without one."""

    async def put(self, *resources: dict[str, Any]) -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            for one in resources:
                reply = await client.put(f"{self.base}/{one['resourceType']}/{one['id']}", json=one)
                assert reply.status_code in (200, 201), reply.text

    async def put_at_once(self, *resources: dict[str, Any]) -> None:
        entries = [
            {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
            for one in resources
        ]
        async with httpx.AsyncClient(timeout=60) as client:
            body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
            assert (await client.post(self.base, json=body)).status_code == 200


@dataclass(kw_only=True)
class Watching:
    """A house that watches, and what it had driven."""

    house: House
    clock: StageClock
    """The house's."""
    driven: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.again()

    def again(self) -> None:
        """As after a restart: nothing is remembered but what the database holds."""
        self.watcher = Watcher(
            self.house, RULES, self._submit, poll_seconds=self.house.settings.subscriptions.poll_seconds
        )

    async def _submit(self, run_id: str, patient: str) -> None:
        self.driven.append(patient)

    async def later(self, seconds: float) -> list[str]:
        """Let time pass and have a turn; gives the patients for whom a round began."""
        self.clock.later(timedelta(seconds=seconds))
        return [one.patient for one in (await self.watcher.step()).begun]

    def watch(self, rule: str) -> Watch:
        with self.house.services.db.read() as connection:
            found = watches.get(connection, watches.watch_id(rule, self.house.services.client.base_url))
        assert found is not None
        return found

    def waiting(self) -> tuple[Beginning, ...]:
        with self.house.services.db.read() as connection:
            later = self.clock.now() + timedelta(days=365)
            return beginnings.due(connection, server=self.house.services.client.base_url, now=later, limit=1000)

    def audited(self) -> list[AuditRow]:
        with self.house.services.db.read() as connection:
            return [row for row in audit.rows(connection) if row.actor.startswith("subscription:")]


@asynccontextmanager
async def happening(folder: Path, around: Any = lambda app: app) -> AsyncIterator[Happening]:
    clock = StageClock(STARTS)
    file = folder / "theirs" / "sandbox.sqlite"
    sandbox = create_sandbox(file, now=clock.now, audit=False)
    app: ASGIApp = dated(around(sandbox), clock)
    with listening("127.0.0.1", 0) as listener:
        async with answered(app, listener):
            found = Happening(base=f"{address_of('127.0.0.1', listener)}/fhir", clock=clock, folder=folder, file=file)
            await found.put(*(patient(name) for name in ("ann", "bob")))
            yield found
    sandbox.state.database.close()


def dated(app: ASGIApp, clock: StageClock) -> ASGIApp:
    """The server with its own clock's `Date`, as a server has it."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(clock.now(), usegmt=True).encode()
                message["headers"] = [*message.get("headers", []), (b"date", date)]
            await send(message)

        await app(scope, receive, sending)

    return served


class _Undated(uvicorn.Server):
    """Takes no signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def answered(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(app, log_level="critical", lifespan="off", date_header=False)
    server = _Undated(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def watching(server: Happening, **site: Any) -> AsyncIterator[Watching]:
    settings = Settings(
        home=server.folder / "home",
        fhir=server.base,
        database_url=server.database_url,
        subscriptions=SubscriptionSite(**{"enabled": True, **site}),
    )
    clock = StageClock(STARTS)
    async with open_house(settings, clock=clock) as house:
        yield Watching(house=house, clock=clock)


def patient(name: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": name, "birthDate": "1950-01-01"}


def admission(name: str, of: str = "Patient/ann", **more: Any) -> dict[str, Any]:
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
    subject = {"reference": of}
    return {"resourceType": "Encounter", "id": name, "status": "in-progress", "class": kind, "subject": subject, **more}


def result(name: str, of: str = "Patient/ann", **more: Any) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "category": [{"coding": [{"system": system, "code": "laboratory"}]}],
        "code": {"text": "x"},
        "subject": {"reference": of},
        **more,
    }
