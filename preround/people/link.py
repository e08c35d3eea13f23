"""The one-time link: who reads this server's terminal is its user, as with notebooks."""

from __future__ import annotations

import hmac
import secrets


class OneTimeLink:
    """A secret that opens the door once; only the newest one counts."""

    def __init__(self) -> None:
        self._secret: str | None = None

    def make(self) -> str:
        """A new secret; the one before it is void."""
        self._secret = secrets.token_urlsafe(32)
        return self._secret

    def use(self, given: str) -> bool:
        """Whether this is the secret; it is void from now on."""
        if self._secret is None or not hmac.compare_digest(given.encode(), self._secret.encode()):
            return False
        self._secret = None
        return True
