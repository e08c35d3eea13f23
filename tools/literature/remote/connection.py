"""One HTTP connection to one source: its address only, its pace, patient tries, bounded answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

import httpx
import tenacity

from tools.again import Again, pause, retry_after
from tools.http_session import HttpSession
from tools.literature.errors import SourceGarbled, SourceUnreachable
from tools.literature.remote.terms_of_use import TOOL, TermsOfUse

_BUSY = frozenset({429, 500, 502, 503, 504})
T = TypeVar("T")


class _Unreadable(Again):
    """What came cannot be read."""


class Unread(ValueError):
    """An answer that came but cannot be read to its end; it may come whole the next time."""


class Connection(HttpSession):
    """Asks one source, never faster than its terms allow, and nothing else."""

    def __init__(self, terms: TermsOfUse, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Prepare; nothing is sent yet."""
        super().__init__(transport)
        self.terms = terms
        self.requests = 0
        """Requests sent so far, tries counted."""
        self._turn = asyncio.Lock()
        self._next = 0.0

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
            wait=pause(backoff_seconds=self.terms.backoff_seconds, longest_seconds=self.terms.longest_wait_seconds),
            retry=tenacity.retry_if_exception_type(Again),
            reraise=True,
        )
        try:
            return await tries(self._once, path, dict(parameters), read)
        except _Unreadable as again:
            raise SourceGarbled from again
        except Again as again:
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
            raise Again(f"did not answer within {self.terms.request_seconds:g} seconds") from late
        except httpx.ConnectError as closed:
            raise Again("could not be reached") from closed
        except httpx.TransportError as broken:
            raise Again("broke the connection off") from broken
        except httpx.DecodingError as garbled:
            raise _Unreadable("answered what cannot be read") from garbled
        try:
            return read(body)
        except Unread as unread:
            raise _Unreadable("answered what cannot be read") from unread

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
            wait = retry_after(response.headers)
            if wait is not None and wait > self.terms.longest_wait_seconds:
                msg = f"The literature source is busy ({status}) and asks to wait {wait:.0f} seconds: try after that."
                raise SourceUnreachable(msg)
            raise Again(f"is busy or down ({status})", wait=wait)
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
