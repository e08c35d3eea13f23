"""How a request proves who asks: not at all, by a bearer token, by user name and password, or by a login of its own."""

import base64
from dataclasses import dataclass, field
from typing import Protocol


class Auth(Protocol):
    """Any way to prove who asks."""

    async def header(self) -> str | None:
        """The `Authorization` header's value; `None` sends none.

        Raises:
            tools.fhir.errors.FhirError: a login was needed and failed.
        """
        ...

    def refused(self, header: str) -> bool:
        """Told that the server answered 401 to this header; True where the next one may fare better."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class NoAuth:
    """An open server, such as the embedded sandbox."""

    async def header(self) -> str | None:
        """No `Authorization` header."""
        return None

    def refused(self, header: str) -> bool:
        """There is nothing else to send."""
        return False


@dataclass(frozen=True, kw_only=True, slots=True)
class BearerAuth:
    """A bearer token that somebody else obtained."""

    token: str = field(repr=False)
    """The token; never shown."""

    async def header(self) -> str | None:
        """The `Authorization` header's value."""
        return f"Bearer {self.token}"

    def refused(self, header: str) -> bool:
        """There is no other token."""
        return False


@dataclass(frozen=True, kw_only=True, slots=True)
class BasicAuth:
    """HTTP Basic authentication."""

    user: str
    """The user name."""
    password: str = field(repr=False)
    """The password; never shown."""

    async def header(self) -> str | None:
        """The `Authorization` header's value."""
        pair = f"{self.user}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")

    def refused(self, header: str) -> bool:
        """There is no other password."""
        return False
