"""An HTTP client that is opened and closed with what it serves; it reads nothing of the environment."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx


class HttpSession:
    """Follows no redirect, takes no proxy and no .netrc of the environment: settings come from preround alone.

    Args:
        transport: what carries requests; None for real HTTP.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None) -> None:
        # Who uses it bounds the time by asyncio: the in-process transport does not know httpx's timeouts.
        self._http = httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False, timeout=None)  # noqa: S113

    async def __aenter__(self) -> Self:
        """Open it."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self._http.__aexit__(kind, error, trace)
