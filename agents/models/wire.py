"""HTTP to one model server: patient retries, a time limit over all of them, failures by name, and nothing else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx
import tenacity

from agents.models.endpoint import Endpoint
from agents.models.failures import (
    ImageRefused,
    ModelNotServed,
    ModelTooSlow,
    ModelUnreachable,
    PromptTooLong,
    RequestRefused,
)
from agents.models.prefix import Prefixes
from agents.models.stream import Folded, StreamBroken
from tools.again import Again, pause, retry_after

Json = dict[str, Any]
Told = Callable[[str], Awaitable[None]]
"""Is given each piece of a streamed answer."""
_PASSING = frozenset({429, 502, 503, 504})
_LONGEST_ANSWER = 16 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long one call may take, and how often it is tried."""

    seconds: float = 600.0
    """Limit over all tries."""
    attempts: int = 4
    """Tries where the failure may pass."""
    first_wait: float = 0.5
    """Seconds before the second try; doubled each time, with jitter."""
    longest_wait: float = 20.0
    """Seconds; also bounds what the server asks for."""


@lru_cache(maxsize=1)
def certificates() -> ssl.SSLContext:
    """The machine's certificates, read once."""
    return ssl.create_default_context()


class Wire:
    """Speaks with one endpoint.

    Args:
        endpoint: from :func:`agents.models.endpoint.allowed`.
        served: the model's name there, for messages.
        patience: limits.
    """

    def __init__(self, endpoint: Endpoint, *, served: str, patience: Patience) -> None:
        self._endpoint = endpoint
        self._served = served
        self._patience = patience
        self._prefixes = Prefixes()

    async def post(self, path: str, body: Json, *, prompt: str = "", told: Told | None = None) -> Json:
        """Send JSON, again where it may help, and read JSON, streamed or not.

        Args:
            path: below the endpoint's root.
            body: what to send.
            prompt: its text; calls that begin alike do not start at the same moment.
            told: given each piece of a streamed answer; a repeated call gives them again.

        Raises:
            ModelUnreachable, ModelTooSlow, ModelNotServed: no answer.
            PromptTooLong, ImageRefused, RequestRefused: the server refuses this request.
        """
        try:
            async with asyncio.timeout(self._patience.seconds), self._client() as http:
                tries = tenacity.AsyncRetrying(
                    stop=tenacity.stop_after_attempt(self._patience.attempts),
                    wait=pause(backoff_seconds=self._patience.first_wait, longest_seconds=self._patience.longest_wait),
                    retry=tenacity.retry_if_exception_type(Again),
                    reraise=True,
                )
                async with self._prefixes.enter(prompt) as read:
                    answer: Json = await tries(self._once, http, path, body, read, told)
                    return answer
        except TimeoutError:
            raise ModelTooSlow(self._patience.seconds) from None
        except Again as again:
            raise ModelUnreachable(again.reason) from None

    def ask_now(self, path: str, body: Json | None = None, *, seconds: float = 5.0) -> Json:
        """One short question about the server itself, such as a count of tokens; not repeated.

        Raises:
            ModelUnreachable, ModelNotServed, RequestRefused: as above.
        """
        try:
            with httpx.Client(**self._options(), timeout=seconds) as http:
                answer = http.request("GET" if body is None else "POST", self._endpoint.root + path, json=body)
            return self._read(answer.status_code, answer.content, answer.headers)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ModelUnreachable(_said(error)) from None
        except Again as again:
            raise ModelUnreachable(again.reason) from None

    def _client(self) -> httpx.AsyncClient:
        # One connection a call, closed with it: a cancelled call ends at the server too.
        return httpx.AsyncClient(**self._options(), timeout=httpx.Timeout(None, connect=10.0))

    def _options(self) -> Json:
        # The environment's proxies and .netrc are not read, and a redirect leads nowhere.
        headers = {"Authorization": f"Bearer {self._endpoint.key}"} if self._endpoint.key else {}
        return {"trust_env": False, "follow_redirects": False, "verify": certificates(), "headers": headers}

    async def _once(
        self, http: httpx.AsyncClient, path: str, body: Json, read: Callable[[], None], told: Told | None
    ) -> Json:
        try:
            async with http.stream("POST", self._endpoint.root + path, json=body) as answer:
                if answer.status_code == 200 and _streamed(answer):
                    return await _folded(answer, read, told)
                content = bytearray()
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > _LONGEST_ANSWER:
                        raise RequestRefused(answer.status_code)
        except httpx.TransportError as error:
            raise Again(_said(error)) from None
        except StreamBroken:
            raise Again("broke off its answer") from None
        return self._read(answer.status_code, bytes(content), answer.headers)

    def _read(self, status: int, content: bytes, headers: Mapping[str, str]) -> Json:
        if status in _PASSING:
            raise Again(f"answers {status}", wait=retry_after(headers))
        if status in (401, 403, 404):
            raise ModelNotServed(self._served, f"status {status}")
        if status != 200:
            raise _refusal(status, content.decode(errors="replace"))
        try:
            found = httpx.Response(200, content=content).json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ModelUnreachable("answers something that is no JSON object")
        return found


def _streamed(answer: httpx.Response) -> bool:
    return str(answer.headers.get("content-type", "")).startswith("text/event-stream")


async def _folded(answer: httpx.Response, read: Callable[[], None], told: Told | None) -> Json:
    folded, length = Folded(), 0
    async for line in _lines(answer):
        length += len(line)
        if length > _LONGEST_ANSWER:
            raise RequestRefused(answer.status_code)
        piece = folded.line(line)
        if piece:
            # The first piece says that the whole prompt was read.
            read()
            if told is not None:
                await told(piece)
    return folded.answer()


async def _lines(answer: httpx.Response) -> AsyncIterator[str]:
    """The lines of a stream, which end as server-sent events say and nowhere else.

    httpx's own lines end at U+2028 and its like, too, which a model may write and a server leaves as they are.
    """
    rest = b""
    async for chunk in answer.aiter_bytes():
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST_ANSWER:
            raise StreamBroken
        for line in whole:
            yield _text(line)
    yield _text(rest)


def _text(line: bytes) -> str:
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise StreamBroken from None


def _refusal(status: int, text: str) -> Exception:
    """The refusal by name; the server's own words may repeat the prompt, so they are not passed on."""
    words = text.lower()
    if any(w in words for w in ("context length", "context_length", "max_model_len", "maximum model length")):
        return PromptTooLong()
    if any(w in words for w in ("image", "multimodal", "multi-modal", "base64")):
        return ImageRefused()
    return RequestRefused(status)


def _said(error: Exception) -> str:
    """What happened on the wire, without an address."""
    return "cannot be connected to" if isinstance(error, httpx.ConnectError) else "broke off the connection"
