"""A server that is both asked and sent to: what everything stands on that puts resources anywhere."""

from __future__ import annotations

from types import TracebackType
from typing import Self, Unpack

from tools.fhir.client import FhirClient
from tools.fhir.connection import Connection, Reach


class Sending:
    """Opens and closes the two together: a client that reads, and a connection that may PUT and POST.

    Args:
        base_url: the server's FHIR base, such as `https://host/fhir`.
        reach: how it is reached.

    Raises:
        BadAddress: the base URL is not usable.
    """

    def __init__(self, base_url: str, **reach: Unpack[Reach]) -> None:
        self._client = FhirClient(base_url, **reach)
        self._connection = Connection(base_url, methods=frozenset({"PUT", "POST"}), **reach)

    async def __aenter__(self) -> Self:
        """Open both."""
        await self._client.__aenter__()
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close both."""
        await self._connection.__aexit__(kind, error, trace)
        await self._client.__aexit__(kind, error, trace)
