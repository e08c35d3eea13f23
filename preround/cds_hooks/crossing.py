"""Browsers' rules for the hooks alone: pages of the origins that the site names may ask, and nobody else's."""

from __future__ import annotations

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/cds-services"
EXPOSED = ("Origin", "Accept", "Content-Location", "Location", "X-Requested-With")


class Crossing:
    """Answers preflights for the hooks and names the origin in their answers; everything else passes by.

    Args:
        app: the application.
        origins: the origins that may ask.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "OPTIONS"],
            allow_headers=["authorization", "content-type"],
            expose_headers=EXPOSED,
            max_age=600,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        hooks = scope["type"] == "http" and within(scope["path"])
        await (self._open if hooks else self._app)(scope, receive, send)


def within(path: str) -> bool:
    """Whether an address is one of the hooks."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")
