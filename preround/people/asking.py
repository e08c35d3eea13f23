"""Browsers that were sent to a provider and have not come back yet: each once, in the same browser, for ten minutes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from preround.people.visitor import Way
from tools.sign_in.code_flow import Asked
from tools.sign_in.provider import Provider

_SECONDS = 600.0
_MOST = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """One browser on its way."""

    way: Way
    """By which way it comes in."""
    asked: Asked
    """What it was given to bring back."""
    provider: Provider
    """Whom it was sent to."""
    to: str
    """Where it goes on: a path of this site."""
    began: float
    """When it was sent, on the clock that only goes forward."""
    browser: str
    """SHA-256 of the secret in its cookie."""
    launch: str | None = None
    """SHA-256 of the EHR's launch, which counts once."""


class Asking:
    """The browsers on their way.

    Args:
        seconds: a clock that only goes forward.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._pending: dict[str, Pending] = {}
        self._launches: dict[str, float] = {}

    def sent(self, way: Way, asked: Asked, provider: Provider, *, to: str, launch: str | None = None) -> str:
        """Note a browser that is sent; gives the secret for its cookie."""
        now = self._seconds()
        self._pending = {state: one for state, one in self._pending.items() if now - one.began < _SECONDS}
        while len(self._pending) >= _MOST:
            del self._pending[next(iter(self._pending))]
        secret = secrets.token_urlsafe(32)
        self._pending[asked.state] = Pending(
            way=way, asked=asked, provider=provider, to=to, began=now, browser=sha(secret), launch=launch
        )
        return secret

    def back(self, way: Way, state: str, secret: str | None) -> Pending | None:
        """The browser that comes back with this state, once; ``None`` for any other, or another's."""
        found = self._pending.pop(state, None)
        if found is None or found.way != way or self._seconds() - found.began >= _SECONDS:
            return None
        return found if secret and hmac.compare_digest(sha(secret), found.browser) else None

    def launched(self, launch: str | None) -> bool:
        """Note that a launch came to its end; False where it had done so before."""
        if launch is None:
            return True
        now = self._seconds()
        self._launches = {one: then for one, then in self._launches.items() if now - then < 24 * 3600}
        if launch in self._launches:
            return False
        self._launches[launch] = now
        return True


def sha(text: str) -> str:
    """SHA-256 in hex: secrets are kept as this."""
    return hashlib.sha256(text.encode()).hexdigest()
