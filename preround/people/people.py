"""Who may come in here, and by which ways: the state behind the door of one server."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime

from preround.clock import WallClock
from preround.people.link import OneTimeLink
from preround.people.providers import Providers
from preround.people.rates import Rates
from preround.people.sessions import Session, Sessions
from preround.people.tokens import Tokens
from preround.people.visitor import Visitor
from preround.settings import Settings
from preround.wiring import House

_KNOCKS = 30
"""Attempts to come in that one address has in a minute."""


class People:
    """The ways in, as the settings say.

    Args:
        settings: the session's length, the access key, how many requests.
        now: wall time.
        tokens: where tokens of launches are kept.
        seconds: a clock that only goes forward.
        say: shows a new one-time link where only this server's user reads it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        tokens: Tokens,
        seconds: Callable[[], float] | None = None,
        say: Callable[[str], None] = lambda words: None,
    ) -> None:
        self.seconds = seconds or WallClock().monotonic
        self.sessions = Sessions(
            self.seconds, idle=settings.session_minutes * 60.0, longest=settings.session_hours * 3600.0
        )
        self.knocks = Rates(_KNOCKS, self.seconds)
        self.requests = Rates(settings.requests_a_minute, self.seconds)
        self.link = OneTimeLink()
        self.providers = Providers(settings, now=now, seconds=self.seconds, tokens=tokens)
        self.by_link = not settings.people_sign_in
        self._say = say
        self.address = ""
        """Where browsers reach this server; empty before it listens."""
        self.home = "/"
        key = settings.access_key
        self._expected = f"Bearer {key.get_secret_value()}".encode() if key else None

    def listens_at(self, address: str, *, to: str = "/") -> str:
        """Note where browsers reach this server; gives what to open: the first one-time link, where that is the way.

        Args:
            address: `scheme://host:port`, without a path.
            to: the page that the link leads to.
        """
        self.address, self.home = address.rstrip("/"), to
        self.providers.address = self.address
        return self.new_link() if self.by_link else self.address

    def new_link(self) -> str:
        """A one-time link; those before it are void."""
        return f"{self.address}/enter?link={self.link.make()}"

    def print_link(self) -> None:
        """Say a new link in this server's terminal."""
        if self.by_link:
            self._say(self.new_link())

    def enter(self, given: str) -> str | None:
        """A session for who has the one-time link; ``None`` where it is not, or no longer, the link."""
        return self.sessions.begin(Visitor(way="link")) if self.by_link and self.link.use(given) else None

    def known(self, secret: str | None, authorization: str | None) -> Session | None:
        """The session of a request: by its cookie, or one of its own for a program that gives the access key."""
        found = self.sessions.find(secret)
        if found is not None or authorization is None or self._expected is None:
            return found
        if not hmac.compare_digest(authorization.encode(), self._expected):
            return None
        now = self.seconds()
        return Session(visitor=Visitor(way="key"), caller="key", seen=now, ends=now)


def people_of(
    house: House, *, seconds: Callable[[], float] | None = None, say: Callable[[str], None] = lambda words: None
) -> People:
    """Who may come into a running program."""
    return People(house.settings, now=house.services.clock.now, tokens=house.tokens, seconds=seconds, say=say)
