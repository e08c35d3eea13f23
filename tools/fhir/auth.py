"""How a request proves who asks: not at all, by a bearer token, or by user name and password."""

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class NoAuth:
    """An open server, such as the embedded sandbox."""

    def header(self) -> str | None:
        """No `Authorization` header."""
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class BearerAuth:
    """A bearer token that somebody else obtained."""

    token: str = field(repr=False)
    """The token; never shown."""

    def header(self) -> str | None:
        """The `Authorization` header's value."""
        return f"Bearer {self.token}"


@dataclass(frozen=True, kw_only=True, slots=True)
class BasicAuth:
    """HTTP Basic authentication."""

    user: str
    """The user name."""
    password: str = field(repr=False)
    """The password; never shown."""

    def header(self) -> str | None:
        """The `Authorization` header's value."""
        pair = f"{self.user}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")


Auth = NoAuth | BearerAuth | BasicAuth
"""Any of the ways above."""
