"""A FHIR server in the same process: requests go straight to its ASGI app, no socket between."""

from collections.abc import Awaitable, Callable

import httpx

App = Callable[..., Awaitable[None]]
"""An ASGI application."""

Transport = httpx.AsyncBaseTransport
"""What carries requests; None wherever one is asked for means real HTTP."""


def in_process(app: App) -> Transport:
    """A transport over an ASGI app that fails as a socket would: 500 for an exception, a break for half an answer."""
    return _InProcess(app=app, raise_app_exceptions=False)


class _InProcess(httpx.ASGITransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if not isinstance(response.stream, httpx.AsyncByteStream):
            return response
        body = b"".join([part async for part in response.stream])
        promised = response.headers.get("content-length")
        if promised is not None and promised != str(len(body)):
            msg = "The answer ended early."
            raise httpx.RemoteProtocolError(msg, request=request)
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(body))
