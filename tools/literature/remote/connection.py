"""One HTTP connection to one source: its address only, its pace, patient tries, bounded answers."""

from __future__ import annotations

import asyncio
import email.utils
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar

import httpx
import tenacity

from tools.literature.errors import SourceGarbled, SourceUnreachable
from tools.literature.remote.terms_of_use import TOOL, TermsOfUse

_BUSY = frozenset({429, 500, 502, 503, 504})
T = TypeVar("T")


class _Again(Exception):
    """The try failed in a way that may pass."""

    def __init__(self, reason: str, *, wait: float | None = None, garbled: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait
        self.garbled = garbled


class Unread(ValueError):
    """An answer that came but cannot be read to its end; it may come whole the next time."""


class Connection:
    """Asks one source, never faster than its terms allow, and nothing else."""

    def __init__(self, terms: TermsOfUse, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Prepare; nothing is sent yet."""
        self.terms = terms
        self.requests = 0
        """Requests sent so far, tries counted."""
        self._turn = asyncio.Lock()
        self._next = 0.0
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

    async def ask(self, path: str, parameters: Mapping[str, str], read: Callable[[bytes], T]) -> T:
        """Ask, and read the answer; both are tried again where that may help.

        Args:
            path: under the source's address.
            parameters: of the form; they are sent in the body, so that no proxy's log holds them.
            read: from the body to what is wanted.

        Raises:
            SourceUnreachable: no usable answer within the terms.
            SourceGarbled: the answers could not be read.
        """
        tries = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self.terms.attempts),
            wait=self._wait,
            retry=tenacity.retry_if_exception_type(_Again),
            reraise=True,
        )
        try:
            return await tries(self._once, path, dict(parameters), read)
        except _Again as again:
            if again.garbled:
                raise SourceGarbled from again
            msg = f"The literature source {again.reason}: try again later, or search the local index."
            raise SourceUnreachable(msg) from again

    async def _once(self, path: str, parameters: dict[str, str], read: Callable[[bytes], T]) -> T:
        await self._paced()
        self.requests += 1
        url = f"{self.terms.address}/{path}"
        agent = {"User-Agent": f"{TOOL} ({self.terms.email})" if self.terms.email else TOOL}
        try:
            async with (
                asyncio.timeout(self.terms.request_seconds),
                self._http.stream("POST", url, data=parameters, headers=agent) as response,
            ):
                self._check(response)
                body = await self._body(response)
        except TimeoutError as late:
            raise _Again(f"did not answer within {self.terms.request_seconds:g} seconds") from late
        except httpx.ConnectError as closed:
            raise _Again("could not be reached") from closed
        except httpx.TransportError as broken:
            raise _Again("broke the connection off") from broken
        except httpx.DecodingError as garbled:
            raise _Again("answered what cannot be read", garbled=True) from garbled
        try:
            return read(body)
        except Unread as unread:
            raise _Again("answered what cannot be read", garbled=True) from unread

    async def _paced(self) -> None:
        """Wait for this request's turn; the loop's own clock only measures the pause."""
        async with self._turn:
            loop = asyncio.get_running_loop()
            wait = self._next - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            self._next = loop.time() + 1.0 / self.terms.per_second

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in _BUSY:
            wait = _retry_after(response.headers)
            if wait is not None and wait > self.terms.longest_wait_seconds:
                msg = f"The literature source is busy ({status}) and asks to wait {wait:.0f} seconds: try after that."
                raise SourceUnreachable(msg)
            raise _Again(f"is busy or down ({status})", wait=wait)
        if status != httpx.codes.OK:
            msg = f"The literature source refused the request ({status}): check its address and key in the settings."
            raise SourceUnreachable(msg)

    async def _body(self, response: httpx.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > self.terms.body_bytes:
                msg = "The literature source's answer is too large: ask for fewer papers."
                raise SourceUnreachable(msg)
            parts.append(part)
        return b"".join(parts)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        longest = self.terms.longest_wait_seconds
        random = tenacity.wait_random_exponential(multiplier=self.terms.backoff_seconds, max=longest)(state)
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.wait if isinstance(error, _Again) else None
        return random if asked is None else min(longest, asked + random / 4)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait; a date is taken against the source's own `Date`, so that no clock is read here."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = email.utils.parsedate_to_datetime(text)
        now = email.utils.parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None
