"""HTTP on tape: what a server answered is kept under the hash of the request, and played again without the server."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx

from tools.tape import Kind, Tape, TapeUnknown

_ASKS = ("if-match", "if-none-match", "if-none-exist", "prefer")
"""Request headers that an answer depends on; what proves who asks is never looked at."""
_SAYS = ("content-type", "date", "etag", "last-modified", "location", "retry-after")
_NOBODYS_BUSINESS = frozenset({"api_key", "email", "tool"})
"""Form fields that say who asks; they are neither hashed nor kept."""
_FORM = "application/x-www-form-urlencoded"


@dataclass(kw_only=True, slots=True)
class Outage:
    """A server that can be taken away."""

    down: bool = False
    """Whether it answers nobody now."""
    left: int | None = None
    """After so many more answers it is down."""

    def answers(self) -> bool:
        """Whether it answers one more request."""
        if self.left is not None:
            self.down, self.left = self.left <= 0, max(0, self.left - 1)
        return not self.down


class Failing(httpx.AsyncBaseTransport):
    """Passes requests on while the server is there.

    Args:
        inner: carries them; real HTTP without one.
        outage: says when the server is there.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport | None, outage: Outage) -> None:
        self._inner = inner or httpx.AsyncHTTPTransport(trust_env=False)
        self._outage = outage

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass one on, or break as a server that is not there."""
        if not self._outage.answers():
            raise httpx.ConnectError("The server is away.", request=request)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the inner one."""
        await self._inner.aclose()


class Recording(httpx.AsyncBaseTransport):
    """Passes requests on, and keeps what is answered.

    Args:
        inner: carries them; real HTTP without one.
        tape: where answers are kept.
        kind: of which kind they are.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport | None, tape: Tape, kind: Kind) -> None:
        self._inner = inner or httpx.AsyncHTTPTransport(trust_env=False)
        self._tape, self._kind = tape, kind

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass one on."""
        asked = await _asked(request)
        key = _key(asked)
        try:
            response = await self._inner.handle_async_request(request)
            content = await response.aread()
        except httpx.TransportError:
            self._tape.keep(self._kind, key, {"away": True}, asked=_words(asked))
            raise
        headers = {name: response.headers[name] for name in _SAYS if name in response.headers}
        answer = {"status": response.status_code, "headers": headers, **_body(content)}
        self._tape.keep(self._kind, key, answer, asked=_words(asked))
        return _response(answer)

    async def aclose(self) -> None:
        """Close the inner one."""
        await self._inner.aclose()


class Playing(httpx.AsyncBaseTransport):
    """Answers from a tape, and asks nobody.

    Args:
        tape: what is played.
        kind: of which kind.
        away: whether what the tape lacks is answered as by a server that is away, in place of an error.
    """

    def __init__(self, tape: Tape, kind: Kind, *, away: bool = False) -> None:
        self._tape, self._kind, self._away = tape, kind, away
        self.missed: list[str] = []
        """What it had no answer to."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one.

        Raises:
            TapeUnknown: the tape holds no answer.
        """
        asked = await _asked(request)
        words = _words(asked).partition("\n")[0]
        try:
            answer = self._tape.play(self._kind, _key(asked), words=words)
        except TapeUnknown:
            if self._away:
                raise httpx.ConnectError("The server is away.", request=request) from None
            self.missed.append(words)
            raise
        if answer.get("away"):
            raise httpx.ConnectError("The server was away.", request=request)
        return _response(answer)


async def _asked(request: httpx.Request) -> dict[str, Any]:
    """Everything that an answer depends on, without the address: a tape plays wherever it was recorded."""
    content = (await request.aread()).decode("utf-8", "surrogateescape")
    query = _plain(request.url.query.decode())
    path = request.url.path + (f"?{query}" if query else "")
    if request.headers.get("content-type", "").startswith(_FORM):
        content = _plain(content)
    headers = {name: request.headers[name] for name in _ASKS if name in request.headers}
    return {"method": request.method, "path": path, "headers": headers, "body": content}


def _plain(form: str) -> str:
    fields = parse_qsl(form, keep_blank_values=True)
    return urlencode([f for f in fields if f[0] not in _NOBODYS_BUSINESS]) if fields else form


def _key(asked: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _words(asked: dict[str, Any]) -> str:
    return "\n".join(part for part in (f"{asked['method']} {asked['path']}", asked["body"]) if part)


def _body(content: bytes) -> dict[str, str]:
    try:
        return {"body": content.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def _response(answer: dict[str, Any]) -> httpx.Response:
    content = base64.b64decode(answer["base64"]) if "base64" in answer else str(answer["body"]).encode()
    return httpx.Response(answer["status"], headers=answer["headers"], stream=httpx.ByteStream(content))
