"""Sessions: who came in, known by a secret in a cookie, for a short time, in this process's memory alone."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from preround.people.visitor import Visitor


@dataclass(kw_only=True, slots=True)
class Session:
    """One visit."""

    visitor: Visitor
    """Who."""
    caller: str
    """What their requests are counted under."""
    seen: float
    """When a request last came, on the clock that only goes forward, in seconds."""
    ends: float
    """When it ends, however busy it is."""


class Sessions:
    """The sessions of one server.

    Args:
        seconds: a clock that only goes forward.
        idle: seconds without a request after which a session is over.
        longest: seconds after which it is over in any case.
        most: how many are kept; the one that was idle longest gives way.
    """

    def __init__(self, seconds: Callable[[], float], *, idle: float, longest: float, most: int = 10_000) -> None:
        self._most = most
        self._seconds = seconds
        self._idle = idle
        self._longest = longest
        self._kept: dict[str, Session] = {}

    def begin(self, visitor: Visitor, *, lives: float | None = None) -> str:
        """A new session under a secret that nobody has seen before.

        Args:
            visitor: who.
            lives: seconds after which it is over, where that is sooner than usual.
        """
        now = self._seconds()
        self._sweep(now)
        secret = secrets.token_urlsafe(32)
        longest = self._longest if lives is None else min(lives, self._longest)
        self._kept[_key(secret)] = Session(visitor=visitor, caller=_key(secret), seen=now, ends=now + longest)
        return secret

    def find(self, secret: str | None) -> Session | None:
        """The session of a secret, if it still lives; this counts as a request of it."""
        found = self._kept.get(_key(secret)) if secret else None
        if found is None:
            return None
        now = self._seconds()
        if self._over(found, now):
            self.end(secret)
            return None
        found.seen = now
        return found

    def end(self, secret: str | None) -> None:
        """Forget a session."""
        if secret:
            self._kept.pop(_key(secret), None)

    def _over(self, session: Session, now: float) -> bool:
        return now >= session.ends or now - session.seen >= self._idle

    def _sweep(self, now: float) -> None:
        self._kept = {key: one for key, one in self._kept.items() if not self._over(one, now)}
        while len(self._kept) >= self._most:
            del self._kept[min(self._kept, key=lambda key: self._kept[key].seen)]


def _key(secret: str) -> str:
    """What is kept in place of the secret: who reads this process's memory of sessions cannot take one over."""
    return hashlib.sha256(secret.encode()).hexdigest()


_HERE: ContextVar[Session | None] = ContextVar("session", default=None)


def here() -> Session | None:
    """The session of the request that is answered now; ``None`` outside one, and before anybody came in."""
    return _HERE.get()


def visitor_here() -> Visitor | None:
    """Who sent the request that is answered now."""
    session = here()
    return session.visitor if session else None


@contextmanager
def visit(session: Session | None) -> Iterator[None]:
    """Note whose request is answered within."""
    token = _HERE.set(session)
    try:
        yield
    finally:
        _HERE.reset(token)
