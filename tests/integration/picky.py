"""A FHIR server that does not take every type: the sandbox behind a door that refuses some, and says so or does not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from preround.home import sandbox_app
from preround.settings import Settings
from preround.wiring import House, Outside, open_house
from tests.acceptance.homes import Home
from tests.unit.fhir.socket_server import served
from tools.fhir.limits import Limits


class Picky:
    """The sandbox, which refuses to write (and, where asked, to read) some types.

    Args:
        app: the sandbox.
        refuses: the types that it does not take.
        says: whether its CapabilityStatement says so.
        status: how it refuses.
        reads: whether a resource of such a type may at least be asked for.
        finds: the issues with which it answers `$validate`; the sandbox's own answer without it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        refuses: Collection[str] = (),
        says: bool = False,
        status: int = 422,
        reads: bool = True,
        finds: Callable[[dict[str, Any]], list[dict[str, Any]]] | None = None,
    ) -> None:
        self.app, self.refuses, self.says, self.status, self.reads, self.finds = (
            app,
            refuses,
            says,
            status,
            reads,
            finds,
        )
        self.validated: list[dict[str, Any]] = []
        self.refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = str(scope["path"]).removeprefix("/fhir").strip("/")
        if scope["method"] == "GET" and path == "metadata" and self.says:
            await self._metadata(scope, receive, send)
            return
        body = await _body(receive) if scope["method"] in {"PUT", "POST"} else b""
        if path.endswith("/$validate") and self.finds is not None:
            self.validated.append(json.loads(body))
            issues = self.finds(self.validated[-1]) or [{"severity": "information", "code": "informational"}]
            await _answer(send, 200, {"resourceType": "OperationOutcome", "issue": issues})
        elif self._refuses(scope["method"], path, body):
            self.refused += 1
            issue = {"severity": "error", "code": "not-supported", "diagnostics": "This type is not taken here"}
            await _answer(send, self.status, {"resourceType": "OperationOutcome", "issue": [issue]})
        else:
            await self.app(scope, _again(body), send)

    def _refuses(self, method: str, path: str, body: bytes) -> bool:
        kind = path.partition("/")[0].partition("?")[0]
        if method == "GET":
            return not self.reads and kind in self.refuses and "/" in path
        if path:
            return kind in self.refuses and not path.endswith("$validate")
        urls = [entry["request"]["url"] for entry in json.loads(body)["entry"]]
        return any(url.partition("/")[0] in self.refuses for url in urls)

    async def _metadata(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts: list[bytes] = []

        async def caught(message: Message) -> None:
            parts.append(message.get("body", b""))

        await self.app(scope, receive, caught)
        statement = json.loads(b"".join(parts))
        (rest,) = statement["rest"]
        for one in rest["resource"]:
            if one["type"] in self.refuses:
                one["interaction"] = [{"code": code} for code in ("read", "search-type")]
        await _answer(send, 200, statement)


@asynccontextmanager
async def on_picky(home: Home, *, policy: Path | None = None, **how: Any) -> AsyncIterator[tuple[House, Picky]]:
    """A house whose FHIR server is the home's sandbox behind a picky door, over a socket."""
    app = sandbox_app(home.settings)
    picky = Picky(app, **how)
    outside = Outside(limits=Limits(backoff_seconds=0.01))
    async with (
        served(picky) as base,
        open_house(Settings(home=home.path, fhir=base, policy=policy), outside=outside) as house,
    ):
        yield house, picky
    app.state.database.close()  # type: ignore[attr-defined]


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _answer(send: Send, status: int, value: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/fhir+json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})
