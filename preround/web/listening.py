"""A port of this machine that is answered until the program ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from preround.failure import Unusable

HERE = frozenset({"127.0.0.1", "localhost", "::1"})
"""Addresses that only this machine reaches."""


def address_of(host: str, listener: socket.socket) -> str:
    """The address of a socket that listens, as a browser has it."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


def listening(host: str, port: int, setting: str = "--port") -> socket.socket:
    """A socket that listens, so that the address that is printed next can be opened at once.

    Args:
        host: on which address.
        port: on which port; 0 takes a free one.
        setting: where another port is chosen, for the sentence of a failure.

    Raises:
        Unusable: the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise Unusable(
            f"Could not listen on {host} port {port} ({error.strerror}); choose another with {setting}"
        ) from error
    return listener


async def answer_requests(web: ASGIApp, listener: socket.socket) -> None:
    """Serve an application on a socket until stopped."""
    await uvicorn.Server(_config(web)).serve(sockets=[listener])


@contextlib.asynccontextmanager
async def answered(web: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an application on a socket beside the block; signals are left to whoever runs it."""
    server = _Beside(_config(web))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await running


class _Beside(uvicorn.Server):
    """Takes no signals: they end what runs beside it, and that ends this."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them as they are."""
        yield


def _config(web: ASGIApp) -> uvicorn.Config:
    # Its lines go the way of all others; one for each request would be too many, and hold an address.
    return uvicorn.Config(
        web, log_config=None, log_level="warning", lifespan="off", access_log=False, server_header=False
    )
