"""A FHIR server that lies: it does what it is asked and says that it did not, or says nothing, or does it later."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Fault = Literal["none", "dropped", "delayed", "late", "409", "412", "500"]
FAULTS: tuple[Fault, ...] = ("dropped", "delayed", "late", "409", "412", "500")


class Lying:
    """The sandbox behind a liar.

    Args:
        app: the sandbox.
        fault: how it lies about writes.
        seed: which of them; every other one by and large.
    """

    def __init__(self, app: ASGIApp, *, fault: Fault, seed: int) -> None:
        self._app = app
        self._fault = fault
        self._drawn = random.Random(seed)  # noqa: S311 - which request, nothing secret
        self._later: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        writes = scope["method"] in {"PUT", "POST"} and not str(scope["path"]).endswith("$validate")
        if not writes or self._fault == "none" or self._drawn.random() < 0.5:
            await self._app(scope, receive, send)
        elif self._fault == "delayed":
            await asyncio.sleep(0.03)
            await self._app(scope, receive, send)
        elif self._fault == "late":
            body = await receive()
            task = asyncio.create_task(self._after(scope, body))
            self._later.add(task)
            await _answered(send, 504)
        else:
            await self._app(scope, receive, _unheard)
            if self._fault == "dropped":
                await _broken_off(send)
            else:
                await _answered(send, int(self._fault))

    async def _after(self, scope: Scope, body: Message) -> None:
        """Do it when nobody waits for it any more."""

        async def receive() -> Message:
            return body

        await asyncio.sleep(0.01)
        await self._app(scope, receive, _unheard)


async def _unheard(message: Message) -> None:
    """Nobody is told."""


async def _broken_off(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
    await send({"type": "http.response.body", "body": b"{"})


async def _answered(send: Send, status: int) -> None:
    body = json.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]})
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"application/fhir+json")],
        }
    )
    await send({"type": "http.response.body", "body": body.encode()})
