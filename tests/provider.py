"""A sign-in provider over a socket: OpenID Connect and SMART App Launch, done strictly, or badly where a test says so.

People are not asked: who is next is set by the test. Beside it lies the FHIR server of the same EHR, which takes the
tokens that were given and notes whose wrote what.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.unit.fhir.token_server import Now

CLIENT = "preround-app"
SYSTEM = "the-token-of-the-system"
"""What Preround itself reads with."""


class Provider:
    """One provider, and the EHR's FHIR server beside it.

    Args:
        clock: the time that its statements carry.
        fhir: the FHIR server; none for a plain provider.
    """

    def __init__(self, clock: Now, fhir: ASGIApp | None = None) -> None:
        self.clock = clock
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}, private=True)
        self.person: dict[str, Any] = {"sub": "u1", "name": "Ada Nowak", "roles": ["ward-doctors"]}
        """Who signs in next."""
        self.signed_in_ago = timedelta(0)
        self.context: dict[str, Any] = {}
        """What a launch is given beside the token."""
        self.spoil: Mapping[str, Any] = {}
        """Claims that are put wrong; `None` leaves one out."""
        self.forge: str = ""
        """`none`, `HS256` or `other`: how the identity token is signed wrongly."""
        self.asked: list[dict[str, str]] = []
        self.written_by: list[tuple[str, str]] = []
        """Authorization and path of every request that writes."""
        self.methods = ["S256"]
        self._codes: dict[str, dict[str, str]] = {}
        self._tokens: set[str] = {SYSTEM}
        self._fhir = fhir
        routes: list[BaseRoute] = [
            Route("/.well-known/openid-configuration", self.configuration),
            Route("/authorize", self.authorize),
            Route("/token", self.token, methods=["POST"]),
            Route("/keys", self.keys),
        ]
        if fhir is not None:
            routes.append(Route("/fhir/.well-known/smart-configuration", self.smart))
            routes += [Route("/fhir", _Guarded(self)), Mount("/fhir", app=_Guarded(self))]
        self._web = Starlette(routes=routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._web(scope, receive, send)

    def configuration(self, request: Request) -> Response:
        here = str(request.base_url).rstrip("/")
        return JSONResponse(self._described(here))

    def smart(self, request: Request) -> Response:
        host = request.headers["host"]
        described = self._described(f"http://{host}")
        return JSONResponse({**described, "code_challenge_methods_supported": self.methods})

    def _described(self, here: str) -> dict[str, Any]:
        return {
            "issuer": here,
            "authorization_endpoint": f"{here}/authorize",
            "token_endpoint": f"{here}/token",
            "jwks_uri": f"{here}/keys",
        }

    def keys(self, request: Request) -> Response:
        told = {"date": format_datetime(self.clock.now(), usegmt=True)}
        return JSONResponse(KeySet([self.key]).as_dict(private=False), headers=told)

    def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=302)

    async def token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form.get("redirect_uri")
            or form.get("grant_type") != "authorization_code"
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        token = secrets.token_urlsafe(16)
        self._tokens.add(token)
        here = str(request.base_url).rstrip("/")
        said = {"access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": asked["scope"]}
        return JSONResponse({**said, **self.context, "id_token": self._identity(asked, here)})

    def _identity(self, asked: Mapping[str, str], here: str) -> str:
        now: datetime = self.clock.now()
        claims = {
            "iss": here,
            "aud": CLIENT,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=5)).timestamp()),
            "auth_time": int((now - self.signed_in_ago).timestamp()),
            "nonce": asked.get("nonce"),
            "jti": secrets.token_urlsafe(8),
            **self.person,
            **self.spoil,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.forge == "none":
            parts = ({"alg": "none"}, claims)
            return ".".join(_packed(part) for part in parts) + "."
        if self.forge == "HS256":
            # Signed with what everybody has: the text of the public key.
            body = f"{_packed({'alg': 'HS256', 'kid': 'one'})}.{_packed(claims)}"
            mark = hmac.digest(self.key.as_pem(private=False), body.encode(), "sha256")
            return f"{body}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"
        other = RSAKey.generate_key(2048, {"kid": "one"}, private=True) if self.forge == "other" else self.key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, other)

    async def guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The FHIR server: for who has a token that was given here."""
        request = Request(scope)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.method not in ("GET", "HEAD"):
            self.written_by.append((token, scope["path"]))
        if token not in self._tokens:
            await JSONResponse({}, status_code=401)(scope, receive, send)
            return
        assert self._fhir is not None
        await self._fhir(scope, receive, send)


class _Guarded:
    """The FHIR server as an application of its own."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._provider.guarded(scope, receive, send)


def _packed(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
