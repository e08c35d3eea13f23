"""The public keys that a system publishes, read over HTTPS: bounded, and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from tools.failing import ToolFailure
from tools.fhir import wire
from tools.fhir.transport import Transport

LARGEST = 256 * 1024
SECONDS = 5.0
KEPT = timedelta(minutes=10)
"""How long keys answer before they are read again."""
AGAIN = timedelta(seconds=30)
"""A key id that is not there has them read again, no more often than this."""


class KeysAway(ToolFailure):
    """The system's public keys can't be read: check its jwks address and that it answers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    keys: tuple[Mapping[str, Any], ...]
    at: datetime


class KeySets:
    """Key sets by address.

    Args:
        now: the clock.
        transport: None for real HTTP.
    """

    def __init__(self, *, now: Callable[[], datetime], transport: Transport | None = None) -> None:
        self._now = now
        self._transport = transport
        self._read: dict[str, _Read] = {}
        self._lock = asyncio.Lock()

    async def all(self, url: str) -> tuple[Mapping[str, Any], ...]:
        """Every key of a set, read now.

        Raises:
            KeysAway: the set can't be read.
        """
        return await self._fetch(url)

    async def key(self, url: str, key_id: str) -> Mapping[str, Any] | None:
        """The key of this id; none where the set has it not, newly read if need be.

        Raises:
            KeysAway: the set can't be read.
        """
        async with self._lock:
            before = self._read.get(url)
            found = chosen(before.keys, key_id) if before and self._now() - before.at < KEPT else None
            if found is None and (before is None or self._now() - before.at >= AGAIN):
                before = _Read(keys=await self._fetch(url), at=self._now())
                self._read[url] = before
                found = chosen(before.keys, key_id)
            return found

    async def _fetch(self, url: str) -> tuple[Mapping[str, Any], ...]:
        try:
            async with (
                httpx.AsyncClient(
                    transport=self._transport, timeout=SECONDS, follow_redirects=False, trust_env=False
                ) as client,
                asyncio.timeout(SECONDS * 2),
                client.stream("GET", url, headers={"accept": "application/json"}) as answer,
            ):
                if answer.status_code != 200:
                    raise KeysAway
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > LARGEST:
                        raise KeysAway
        except (httpx.HTTPError, TimeoutError) as error:
            raise KeysAway from error
        return keys_of(body)


def keys_of(body: bytes) -> tuple[Mapping[str, Any], ...]:
    """The keys of a JWK set.

    Raises:
        KeysAway: it is none.
    """
    try:
        found = wire.parse(body)
    except ValueError as error:
        raise KeysAway from error
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list):
        raise KeysAway
    return tuple(one for one in keys if isinstance(one, dict))


def chosen(keys: tuple[Mapping[str, Any], ...], key_id: str) -> Mapping[str, Any] | None:
    """The one key of an id."""
    return next((one for one in keys if one.get("kid") == key_id), None)
