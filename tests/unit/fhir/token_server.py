"""A FHIR server behind a SMART login: it checks assertions as a strict authorization server does."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import parse_qs

import jwt
from jwt import PyJWKSet

from tests.unit.fhir.fake_fhir import FakeFhir
from tools.fhir import wire

CLIENT = "preround-client"


class Clock:
    """A clock that tests move."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Now(Protocol):
    """Whatever says the time."""

    def now(self) -> datetime: ...


class SmartFhir:
    """An ASGI app: `/fhir` wants a bearer token that `/auth/token` gave."""

    def __init__(self, fhir: FakeFhir, *, keys: dict[str, Any], clock: Now, lives: int = 300) -> None:
        self.fhir = fhir
        self.keys = keys
        self.clock = clock
        self.lives = lives
        self.capabilities = ["client-confidential-asymmetric", "permission-v1", "permission-v2"]
        self.has_configuration = True
        self.token_url: str | None = None
        """What the server says of it; under its own address without one."""
        self.grants: set[str] | None = None
        self.reply: tuple[int, dict[str, Any]] | None = None
        self.asked: list[dict[str, str]] = []
        self.assertions: list[dict[str, Any]] = []
        self.seen: list[tuple[str, str, str]] = []
        """Path, authorization, and content type of every request."""
        self.busy = 0
        self._jtis: set[str] = set()
        self._tokens: dict[str, datetime] = {}

    def revoke(self) -> None:
        self._tokens.clear()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        headers = {k.decode().lower(): v.decode() for k, v in scope["headers"]}
        proof, path = headers.get("authorization", ""), scope["path"]
        self.seen.append((path, proof, headers.get("content-type", "")))
        base = f"http://{headers['host']}"
        if path == "/auth/token":
            await self._reply(send, *self.token(await _body(receive), f"{base}/auth/token"))
        elif path == "/fhir/.well-known/smart-configuration":
            found = {"token_endpoint": self.token_url or f"{base}/auth/token", "capabilities": self.capabilities}
            await self._reply(send, *((200, found) if self.has_configuration else (404, {})))
        elif path == "/fhir/metadata":
            statement = self.fhir.metadata()
            statement["rest"][0]["security"] = {"extension": [_oauth(self.token_url or f"{base}/auth/token")]}
            await self._reply(send, 200, statement)
        elif self._tokens.get(proof.removeprefix("Bearer "), self.clock.now()) <= self.clock.now():
            await self._reply(send, 401, {"resourceType": "OperationOutcome", "issue": [{"code": "login"}]})
        else:
            await self.fhir(scope, receive, send)

    def token(self, body: bytes, here: str) -> tuple[int, dict[str, Any]]:
        """The answer of the token endpoint."""
        if self.busy:
            self.busy -= 1
            return 503, {}
        if self.reply is not None:
            return self.reply
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.asked.append(form)
        try:
            claims = self._checked(form["client_assertion"], here)
        except (jwt.InvalidTokenError, KeyError, ValueError) as error:
            return 400, {"error": "invalid_client", "error_description": f"{_claimed(form)}: {error}"}
        self.assertions.append(claims)
        if self.grants is not None and not set(form["scope"].split()) <= self.grants:
            return 400, {"error": "invalid_scope", "error_description": "not for you"}
        text = secrets.token_urlsafe(16)
        self._tokens[text] = self.clock.now() + timedelta(seconds=self.lives)
        answer = {"access_token": text, "token_type": "bearer", "expires_in": self.lives, "scope": form["scope"]}
        return 200, answer

    def _checked(self, assertion: str, here: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(assertion)
        known = PyJWKSet.from_dict(self.keys)[header["kid"]]
        options: Any = {"require": ["iss", "sub", "aud", "exp", "jti"], "verify_exp": False, "verify_iat": False}
        claims: dict[str, Any] = jwt.decode(
            assertion, known.key, algorithms=["RS384", "ES384"], audience=here, options=options
        )
        left = claims["exp"] - self.clock.now().timestamp()
        if not 0 < left <= 300:
            raise ValueError("the assertion has expired or lives too long")
        if claims["iss"] != CLIENT or claims["sub"] != CLIENT:
            raise ValueError("that is not the client")
        if claims["jti"] in self._jtis:
            raise ValueError("the assertion was used before")
        self._jtis.add(claims["jti"])
        return claims

    @staticmethod
    async def _reply(send: Any, status: int, body: dict[str, Any]) -> None:
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": wire.dump(body)})


def _claimed(form: dict[str, str]) -> str:
    """Who says so, unchecked: some servers repeat it in their errors."""
    return str(jwt.decode(form["client_assertion"], options={"verify_signature": False}).get("iss"))


def _oauth(token_url: str) -> dict[str, Any]:
    url = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
    return {"url": url, "extension": [{"url": "token", "valueUri": token_url}]}


async def _body(receive: Any) -> bytes:
    content = b""
    while (message := await receive())["type"] == "http.request":
        content += message.get("body", b"")
        if not message.get("more_body"):
            break
    return content
