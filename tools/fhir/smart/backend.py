"""Backend services: a token for a signed assertion, kept until shortly before it expires."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

import httpx

from tools.fhir import outcome, wire
from tools.fhir.auth import NoAuth
from tools.fhir.connection import Answer, Connection
from tools.fhir.errors import FhirGarbled, LoginRefused
from tools.fhir.limits import Limits
from tools.fhir.origin import Origin
from tools.fhir.smart.discovery import Login, accepted, discover
from tools.fhir.smart.key import SigningKey
from tools.fhir.transport import Transport
from tools.fhir.wire import Json

Purpose = Literal["read", "write"]

_SCOPES: dict[tuple[Purpose, bool], str] = {
    ("read", False): "system/*.rs",
    ("write", False): "system/*.rs system/*.cu",
    ("read", True): "system/*.read",
    ("write", True): "system/*.read system/*.write",
}
"""What is asked for, by purpose and whether the server knows only SMART 1."""
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIVES = timedelta(minutes=4)
"""An assertion; SMART allows five."""
_USUAL = 300
"""Seconds that a token lives where the server does not say."""
_MARGIN = timedelta(seconds=60)
"""So long before its end a token is renewed, or a fifth of its life before where that is less."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """Who logs in."""

    client_id: str
    """As the server registered it."""
    key: SigningKey
    """What signs."""
    purpose: Purpose = "read"
    """Reading never asks for write scopes."""
    scopes: str | None = None
    """What to ask for; by purpose without it."""
    token_url: str | None = None
    """The token endpoint; discovered without it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """An access token."""

    text: str = field(repr=False)
    """The token; never shown."""
    scopes: str
    """What it allows, in the server's words; what was asked for, where the server says nothing."""
    renew: datetime
    """When another is fetched."""
    expires: datetime
    """When it ends."""


class BackendAuth:
    """Logs in to one FHIR server and keeps the token; several requests at once make one login."""

    def __init__(
        self,
        base_url: str,
        *,
        client: Client,
        now: Callable[[], datetime],
        transport: Transport | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            base_url: the FHIR server's base URL.
            client: who logs in.
            now: the clock, aware.
            transport: None for real HTTP.
            limits: None for the usual ones.

        Raises:
            BadAddress: the base URL is not usable.
        """
        self._base = Origin.of(base_url).base
        self._client = client
        self._now = now
        self._transport = transport
        self._limits = limits or Limits()
        self._login: Login | None = None
        self._token: Token | None = None
        self._asking = asyncio.Lock()

    async def header(self) -> str | None:
        """The `Authorization` header's value.

        Raises:
            LoginUnusable, LoginRefused: there is no login, or it was refused.
            FhirUnreachable, FhirGarbled: the token endpoint did not answer, or not with a token.
        """
        return f"Bearer {(await self.token()).text}"

    async def token(self) -> Token:
        """A token that still lives; raises as `header` does."""
        async with self._asking:
            if self._token is None or self._now() >= self._token.renew:
                self._token = await self._fetch()
            return self._token

    def refused(self, header: str) -> bool:
        """Forget the token if it is the one refused: it may have been revoked, or the server may have restarted."""
        if self._token is not None and header == f"Bearer {self._token.text}":
            self._token = None
        return True

    async def _fetch(self) -> Token:
        login = await self._discovered()
        url = accepted(login.token_url, base=self._base, configured=self._client.token_url)
        scopes = self._client.scopes or _SCOPES[self._client.purpose, login.first_version]
        began = self._now()
        async with self._to(url, frozenset({"POST"})) as connection:
            answer = await connection.send(
                "POST",
                httpx.URL(url),
                headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
                body=lambda: self._form(url, scopes),  # each try has an id of its own
                repeatable=True,
            )
        return self._read(answer, scopes, began)

    async def _discovered(self) -> Login:
        if self._login is None:
            async with self._to(str(self._base), frozenset({"GET"})) as connection:
                self._login = await discover(connection)
        return self._login

    def _to(self, url: str, methods: frozenset[Literal["GET", "POST"]]) -> Connection:
        return Connection(
            url, methods=frozenset(methods), auth=NoAuth(), limits=self._limits, transport=self._transport
        )

    def _form(self, url: str, scopes: str) -> bytes:
        name, now = self._client.client_id, self._now()
        claims = {
            "iss": name,
            "sub": name,
            "aud": url,
            "iat": int(now.timestamp()),
            "exp": int((now + _LIVES).timestamp()),
            "jti": secrets.token_urlsafe(24),
        }
        form = {
            "grant_type": "client_credentials",
            "scope": scopes,
            "client_assertion_type": _ASSERTION,
            "client_assertion": self._client.key.sign(claims),
        }
        return urlencode(form).encode("ascii")

    def _read(self, answer: Answer, scopes: str, began: datetime) -> Token:
        try:
            found = wire.parse(answer.body)
        except ValueError:
            found = None
        said: dict[str, Json] = found if isinstance(found, dict) else {}
        if answer.status != 200:
            raise LoginRefused(self._refusal(answer.status, said))
        text = said.get("access_token")
        if not isinstance(text, str) or not text.isascii() or not text.isprintable() or not text or " " in text:
            raise FhirGarbled("The token endpoint answered without a token: check PREROUND_FHIR_TOKEN_URL.")
        if str(said.get("token_type", "bearer")).lower() != "bearer":
            raise FhirGarbled("The token endpoint gave a token that is not a bearer token: ask the server's keeper.")
        lives = timedelta(seconds=_seconds(said.get("expires_in")))
        granted = said.get("scope")
        return Token(
            text=text,
            scopes=granted if isinstance(granted, str) and granted else scopes,
            renew=began + lives - min(_MARGIN, lives / 5),
            expires=began + lives,
        )

    def _refusal(self, status: int, said: dict[str, Json]) -> str:
        code = said.get("error")
        code = code if isinstance(code, str) else ""
        hidden = (self._client.client_id,)
        words = outcome.text_of({"issue": [{"diagnostics": said.get("error_description")}]}, hidden)
        about = ": ".join(part for part in (code[:60] if code.isprintable() else "", words.rstrip(".")) if part)
        todo = {
            "invalid_scope": "ask for scopes that it grants, with PREROUND_FHIR_SCOPES",
            "invalid_client": "check the client id, and that the public key with the id "
            f"{self._client.key.key_id} is registered there",
        }.get(code, "check the client id, its key and its scopes, and this machine's clock")
        return f"The token endpoint refused the login ({status}{', ' + about if about else ''}): {todo}."


def _seconds(value: Json) -> int:
    """How long a token lives: a day at most, so that a server's slip is not kept for ever."""
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        return _USUAL
    return min(value, 86_400)
