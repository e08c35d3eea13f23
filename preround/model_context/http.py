"""The tools over streamable HTTP, on this machine only and for whoever has the key."""

from __future__ import annotations

import hmac
from collections.abc import Callable

import uvicorn
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from preround.model_context.server import SentenceServer
from preround.web.listening import listening

HOST = "127.0.0.1"
PATH = "/mcp"


class Keyed:
    """Lets nobody in without the key: others who use this machine could read the chart else.

    Args:
        app: the application.
        key: what `Authorization: Bearer` must say.
    """

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._expected = f"Bearer {key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            given = Headers(scope=scope).get("authorization", "").encode()
            if not hmac.compare_digest(given, self._expected):
                refusal = PlainTextResponse(
                    "Send the key that `preround mcp` was started with as Authorization: Bearer KEY.\n",
                    status_code=401,
                    headers={"www-authenticate": "Bearer"},
                )
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def serve_http(server: SentenceServer, *, port: int, key: str, say: Callable[[str], None]) -> None:
    """Serve until stopped.

    Args:
        server: the tools.
        port: port on this machine; 0 takes a free one.
        key: what clients must know.
        say: told the address once it can be reached.

    Raises:
        Unusable: the port cannot be listened on.
    """
    app = Keyed(server.streamable_http_app(streamable_http_path=PATH, host=HOST), key)
    with listening(HOST, port) as listener:
        config = uvicorn.Config(app, log_level="critical", access_log=False, server_header=False)
        say(f"http://{HOST}:{listener.getsockname()[1]}{PATH}")
        await uvicorn.Server(config).serve(sockets=[listener])
