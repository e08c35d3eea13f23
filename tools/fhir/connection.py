"""One HTTP connection to one FHIR server: the origin rule, time and size limits, patient retries, and counters."""

import asyncio
import email.utils
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Literal, Self

import httpx
import tenacity

from tools.fhir.auth import Auth
from tools.fhir.errors import FhirGarbled, FhirRefused, FhirUnreachable
from tools.fhir.limits import Limits
from tools.fhir.origin import Origin
from tools.fhir.transport import Transport

Body = bytes | Callable[[], bytes] | None
"""The content of a request, or what makes it for each try."""

Method = Literal["GET", "PUT", "POST"]
"""There is no DELETE: Preround never removes anything from a record."""

_UNPROVED = 401
_BUSY = 429
_DOUBTFUL = frozenset({502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOPS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One HTTP answer, read to its end."""

    status: int
    """The HTTP status."""
    headers: Mapping[str, str]
    """The headers; names are looked up whatever their case."""
    body: bytes
    """The body, decompressed."""
    url: httpx.URL
    """Where it came from, redirects followed; relative links are relative to this."""

    @property
    def at(self) -> datetime | None:
        """When it was given, by the server's own clock."""
        try:
            said = email.utils.parsedate_to_datetime(self.headers.get("date", ""))
        except (ValueError, TypeError):
            return None
        return said if said.tzinfo else None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ask:
    method: Method
    headers: Mapping[str, str]
    body: Body
    most: int


class _Again(Exception):
    """The try failed in a way that may pass."""

    def __init__(self, reason: str, *, doubt: bool, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.doubt = doubt
        """True where the server may have done what was asked all the same."""
        self.wait = wait
        """Seconds the server asked for."""


class Connection:
    """Sends requests of the allowed methods to one FHIR server, and to nothing else."""

    def __init__(
        self,
        base_url: str,
        *,
        methods: frozenset[Method],
        auth: Auth,
        limits: Limits,
        transport: Transport | None = None,
    ) -> None:
        """Prepare a connection; nothing is sent yet.

        Raises:
            BadAddress: the base URL is not usable.
        """
        self.origin = Origin.of(base_url)
        self.limits = limits
        self.requests = 0
        """Requests sent so far, retries counted."""
        self.bytes = 0
        """Bytes of answers read so far, decompressed."""
        self._methods = methods
        self._auth = auth
        self._slots = asyncio.Semaphore(limits.concurrent)
        # The environment's proxies and .netrc are not read: settings come from preround alone. Time is bounded by
        # asyncio below, because the in-process transport does not know httpx's timeouts.
        self._http = httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False, timeout=None)  # noqa: S113

    async def __aenter__(self) -> Self:
        """Open the connection."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        await self._http.__aexit__(kind, error, trace)

    async def send(
        self,
        method: Method,
        url: httpx.URL,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        repeatable: bool,
        most: int | None = None,
    ) -> Answer:
        """Send a request, again where it may help, and read the answer whatever its status.

        Args:
            method: one of the methods this connection allows.
            url: from `origin.url` or `origin.follow`.
            headers: more headers; with a body, its type is FHIR JSON unless they say otherwise.
            body: what to send, or what makes it anew for each try.
            repeatable: False where a second try could do the thing twice; then only "too busy" (429) and a refused
                connection are tried again.
            most: bytes of the answer, where fewer will do than the connection allows.

        Raises:
            FhirUnreachable: no answer within the limits.
            FhirGarbled: the answer is too large or not readable.
            OtherOrigin: a redirect leaves the server's address.
            LoginUnusable, LoginRefused: the request needed a login, which failed.
        """
        if method not in self._methods:
            msg = f"{method} is not allowed on this connection: use the writer for writing."
            raise FhirRefused(msg)
        tries = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self.limits.attempts),
            wait=self._wait,
            retry=tenacity.retry_if_exception(lambda e: isinstance(e, _Again) and (repeatable or not e.doubt)),
            reraise=True,
        )
        try:
            ask = _Ask(method=method, headers=dict(headers or {}), body=body, most=most or self.limits.body_bytes)
            return await tries(self._follow, ask, url)
        except _Again as again:
            msg = f"The FHIR server {again.reason}: check its address and that it is running, then try again."
            raise FhirUnreachable(msg) from again

    async def _follow(self, ask: "_Ask", url: httpx.URL) -> Answer:
        answer = await self._proved(ask, url)
        for _ in range(_HOPS):
            if ask.method != "GET" or answer.status not in _REDIRECTS:
                return answer
            answer = await self._proved(ask, self._redirect(answer))
        return answer

    async def _proved(self, ask: "_Ask", url: httpx.URL) -> Answer:
        """The answer to a request that says who asks; after a 401 once more, where another proof may be had."""
        for last in (False, True):
            proof = await self._auth.header()
            answer = await self._once(ask, url, {} if proof is None else {"Authorization": proof})
            if last or proof is None or answer.status != _UNPROVED or not self._auth.refused(proof):
                break
        return answer

    def _redirect(self, answer: Answer) -> httpx.URL:
        location = answer.headers.get("location")
        if location is None:
            raise FhirGarbled
        return self.origin.follow(location, answer.url)

    async def _once(self, ask: "_Ask", url: httpx.URL, proof: dict[str, str]) -> Answer:
        content = ask.body() if callable(ask.body) else ask.body
        typed = {} if content is None else {"Content-Type": "application/fhir+json"}
        sent = {"Accept": "application/fhir+json", **typed, **ask.headers, **proof}
        async with self._slots:
            self.requests += 1
            try:
                async with (
                    asyncio.timeout(self.limits.request_seconds),
                    self._http.stream(ask.method, url, headers=sent, content=content) as response,
                ):
                    answer = Answer(
                        status=response.status_code,
                        headers=response.headers,
                        body=await self._read(response, ask.most),
                        url=url,
                    )
            except TimeoutError as late:
                reason = f"did not answer within {self.limits.request_seconds:g} seconds"
                raise _Again(reason, doubt=True) from late
            except httpx.ConnectError as closed:
                raise _Again("could not be reached", doubt=False) from closed
            except httpx.TransportError as broken:
                raise _Again("broke the connection off", doubt=True) from broken
            except httpx.DecodingError as garbled:
                raise FhirGarbled from garbled
        self._busy(answer)
        return answer

    async def _read(self, response: httpx.Response, most: int) -> bytes:
        announced = response.headers.get("content-length", "")
        parts: list[bytes] = []
        size = int(announced[:18]) if announced.isascii() and announced.isdigit() else 0
        if size <= most:
            size = 0
            async for part in response.aiter_bytes():
                size += len(part)
                self.bytes += len(part)
                if size > most:
                    break
                parts.append(part)
        if size > most:
            msg = f"The server's answer is larger than {most} bytes and was not read: ask for smaller pages."
            raise FhirGarbled(msg)
        return b"".join(parts)

    def _busy(self, answer: Answer) -> None:
        if answer.status != _BUSY and answer.status not in _DOUBTFUL:
            return
        wait = _retry_after(answer.headers)
        reason = f"is busy or down ({answer.status})"
        if wait is not None and wait > self.limits.longest_wait_seconds:
            msg = f"The FHIR server {reason} and asks to wait {wait:.0f} seconds: try again after that."
            raise FhirUnreachable(msg)
        raise _Again(reason, doubt=answer.status != _BUSY, wait=wait)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        longest = self.limits.longest_wait_seconds
        random = tenacity.wait_random_exponential(multiplier=self.limits.backoff_seconds, max=longest)(state)
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.wait if isinstance(error, _Again) else None
        return min(longest, max(asked, 0.0) + random / 4) if asked is not None else random


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait; a date is taken against the server's own `Date`, so that no clock is read here."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = email.utils.parsedate_to_datetime(text)
        now = email.utils.parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None
