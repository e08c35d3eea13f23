"""The guard at the door: which requests a browser may bring, and what every answer says about itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from preround.cds_hooks.crossing import within

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ANSWERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
"""What every answer carries; a route that knows better (the stylesheet's cache) keeps its own."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""The names of this machine: another name in Host is a page elsewhere that had its own name point here."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Refuses what another site's page asks for, and puts the headers on.

    Args:
        app: the application.
        hosts: the names that a Host header may say.
        origins: whose pages may ask the CDS Hooks; a door that trusts no cookie.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str] = LOOPBACK, origins: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in ANSWERS.items():
                    out.setdefault(name, value)
            await send(message)

        if _name(headers.get("host", "")) not in self._hosts:
            refusal = PlainTextResponse("Open this server by the address that it was started on.\n", status_code=421)
            await refusal(scope, receive, sending)
        elif scope["method"] not in _READING and crosses_sites(headers) and not self._welcome(scope, headers):
            refusal = PlainTextResponse(
                "This came from another site and was refused; open the item here and decide it again.\n",
                status_code=403,
            )
            await refusal(scope, receive, sending)
        else:
            await self._app(scope, receive, sending)

    def _welcome(self, scope: Scope, headers: Headers) -> bool:
        return within(scope["path"]) and headers.get("origin") in self._origins


def crosses_sites(headers: Headers) -> bool:
    """Whether a browser says that another site's page sends this; programs that are no browser say neither."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def _name(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() else host
