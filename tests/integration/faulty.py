"""The sandbox with faults, and a house on it whose clock can be ahead."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from starlette.types import ASGIApp, Receive, Scope, Send

from preround.clock import WallClock
from preround.home import sandbox_app
from preround.settings import Settings
from preround.wiring import House, Outside, open_house
from tests.acceptance.homes import Home
from tests.unit.fhir.socket_server import served

Rule = tuple[str, str, int]
"""Method, start of the path below the base, status to answer with."""


class Faulty:
    """The sandbox with faults: a request that a rule matches is answered with its status, and not done."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.rules: list[Rule] = []
        self.writes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = str(scope["path"]).removeprefix("/fhir/")
        self.writes += scope["method"] in {"PUT", "POST"}
        for method, start, status in self.rules:
            # What can't give one type can't give everything.
            if scope["method"] == method and (path.startswith(start) or path.endswith("$everything")):
                outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
                headers = [(b"content-type", b"application/fhir+json"), (b"retry-after", b"600")]
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": json.dumps(outcome).encode()})
                return
        await self.app(scope, receive, send)

    def down(self) -> None:
        """Answer nothing any more."""
        self.rules = [(method, "", 503) for method in ("GET", "PUT", "POST")]


class Ahead(WallClock):
    """The real clock, so much later."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        """Wall time and what was added."""
        return super().now() + self.by


@asynccontextmanager
async def on_faulty(
    home: Home,
    *,
    clock: Ahead | None = None,
    progress: Callable[[str, str], None] = lambda node, state: None,
    outside: Outside | None = None,
) -> AsyncIterator[tuple[House, Faulty]]:
    """A house whose FHIR server is the home's sandbox, over a socket and with faults."""
    app = sandbox_app(home.settings)
    faulty = Faulty(app)
    async with (
        served(faulty) as base,
        open_house(Settings(home=home.path, fhir=base), clock=clock, progress=progress, outside=outside) as house,
    ):
        yield house, faulty
    app.state.database.close()  # type: ignore[attr-defined]
