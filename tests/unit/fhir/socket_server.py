"""A real server on a free port of 127.0.0.1 for the length of a test."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def served(app: Any, *, port: int = 0) -> AsyncIterator[str]:
    """Serve an ASGI app, on a free port or on one that was its own before; gives its FHIR base URL."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    port = listening.getsockname()[1]
    config = uvicorn.Config(app, log_level="critical", lifespan="off", date_header=False, timeout_graceful_shutdown=1)
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await asyncio.wait_for(server.ready.wait(), 10)
        yield f"http://127.0.0.1:{port}/fhir"
    finally:
        server.should_exit = True
        await task
        listening.close()
