"""One HTTP connection to one FHIR server: the origin rule, time and size limits, patient retries, and counters."""

import asyncio
import email.utils
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, Unpack

import httpx
import tenacity

from tools.again import Again, pause, retry_after
from tools.fhir.asked import Method as Method
from tools.fhir.asked import request_of
from tools.fhir.auth import Auth, NoAuth
from tools.fhir.errors import FhirGarbled, FhirRefused, FhirTooLarge, FhirUnreachable
from tools.fhir.limits import Limits
from tools.fhir.origin import Origin
from tools.fhir.transport import Transport
from tools.http_session import HttpSession
from tools.observer import NOBODY, Observer
from tools.tally import current

Body = bytes | Callable[[], bytes] | None
"""The content of a request, or what makes it for each try."""

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


class Reach(TypedDict, total=False):
    """How a server is reached, whoever asks it; what is not said is as usual."""

    transport: Transport | None
    """None for real HTTP, `tools.fhir.transport.in_process(app)` for a server in this process."""
    auth: Auth | None
    """How it is told who asks; None for an open server."""
    limits: Limits | None
    """How patient one is with it; None for the usual ones."""
    observer: Observer
    """Who watches the requests; `NOBODY` as usual."""


class _Doubt(Again):
    """A try failed, and the server may have done what was asked all the same."""


class Connection(HttpSession):
    """Sends requests of the allowed methods to one FHIR server, and to nothing else."""

    def __init__(
        self,
        base_url: str,
        *,
        methods: frozenset[Method],
        **reach: Unpack[Reach],
    ) -> None:
        """Prepare a connection; nothing is sent yet.

        Raises:
            BadAddress: the base URL is not usable.
        """
        super().__init__(reach.get("transport"))
        self.origin = Origin.of(base_url)
        self.limits = reach.get("limits") or Limits()
        self.requests = 0
        """Requests sent so far, retries counted."""
        self.bytes = 0
        """Bytes of answers read so far, decompressed."""
        self._methods = methods
        self._auth = reach.get("auth") or NoAuth()
        self._observer = reach.get("observer", NOBODY)
        self._slots = asyncio.Semaphore(self.limits.concurrent)

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
            FhirGarbled: the answer is not readable, or too large (`FhirTooLarge`).
            OtherOrigin: a redirect leaves the server's address.
            LoginUnusable, LoginRefused: the request needed a login, which failed.
        """
        if method not in self._methods:
            msg = f"{method} is not allowed on this connection: use the writer for writing."
            raise FhirRefused(msg)
        tries = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self.limits.attempts),
            wait=pause(backoff_seconds=self.limits.backoff_seconds, longest_seconds=self.limits.longest_wait_seconds),
            retry=tenacity.retry_if_exception(
                lambda e: isinstance(e, Again) and (repeatable or not isinstance(e, _Doubt))
            ),
            reraise=True,
        )
        try:
            ask = _Ask(method=method, headers=dict(headers or {}), body=body, most=most or self.limits.body_bytes)
            return await tries(self._follow, ask, url)
        except Again as again:
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
            current().fhir_requests += 1
            try:
                answer = await self._exchange(ask, url, sent, content)
            except TimeoutError as late:
                reason = f"did not answer within {self.limits.request_seconds:g} seconds"
                raise _Doubt(reason) from late
            except httpx.ConnectError as closed:
                raise Again("could not be reached") from closed
            except httpx.TransportError as broken:
                raise _Doubt("broke the connection off") from broken
            except httpx.DecodingError as garbled:
                raise FhirGarbled from garbled
        self._busy(answer)
        return answer

    async def _exchange(self, ask: "_Ask", url: httpx.URL, sent: Mapping[str, str], content: bytes | None) -> Answer:
        watched = request_of(ask.method, url, self.origin.base)
        with self._observer.watch(watched):
            async with (
                asyncio.timeout(self.limits.request_seconds),
                self._http.stream(ask.method, url, headers=sent, content=content) as response,
            ):
                watched.status = response.status_code
                body = await self._read(response, ask.most)
                watched.answer_bytes = len(body)
                return Answer(status=response.status_code, headers=response.headers, body=body, url=url)

    async def _read(self, response: httpx.Response, most: int) -> bytes:
        announced = response.headers.get("content-length", "")
        parts: list[bytes] = []
        size = int(announced[:18]) if announced.isascii() and announced.isdigit() else 0
        if size <= most:
            size = 0
            async for part in response.aiter_bytes():
                size += len(part)
                self.bytes += len(part)
                current().fhir_bytes += len(part)
                if size > most:
                    break
                parts.append(part)
        if size > most:
            msg = f"The server's answer is larger than {most} bytes and was not read: ask for smaller pages."
            raise FhirTooLarge(msg)
        return b"".join(parts)

    def _busy(self, answer: Answer) -> None:
        if answer.status != _BUSY and answer.status not in _DOUBTFUL:
            return
        wait = retry_after(answer.headers)
        reason = f"is busy or down ({answer.status})"
        if wait is not None and wait > self.limits.longest_wait_seconds:
            msg = f"The FHIR server {reason} and asks to wait {wait:.0f} seconds: try again after that."
            raise FhirUnreachable(msg)
        raise (Again if answer.status == _BUSY else _Doubt)(reason, wait=wait)
