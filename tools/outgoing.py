"""Requests that leave for an address which somebody else named: one, bounded, nowhere but there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx

SECONDS = 10.0
"""The longest that one may take."""


class Outgoing:
    """Sends requests; follows nothing, reads no proxy of the environment, and reads no answer beyond its status."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._http = httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=seconds)
        self._seconds = seconds

    async def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes) -> int:
        """Send one.

        Args:
            method: `POST` or `PUT`.
            url: where to; whether that may be is for who asks to know.
            headers: what goes along.
            body: the content; none is sent where it is empty.

        Returns:
            The HTTP status.

        Raises:
            OSError: nobody answered in time, or not over HTTP.
        """
        try:
            async with (
                asyncio.timeout(self._seconds),  # httpx's own is for each part, and an answer may come drop by drop
                self._http.stream(method, url, headers=dict(headers), content=body or None) as answer,
            ):
                return answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(type(error).__name__) from None

    async def close(self) -> None:
        """Give its connections back."""
        await self._http.aclose()
