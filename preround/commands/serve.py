"""`preround serve`: the review queue, the HTTP API, the sandbox, and the sweep."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Annotated

import typer
import uvicorn

from preround.door import Fhir, enter, err
from preround.failure import Unusable
from preround.rounds import refresh
from preround.web.app import create_web
from preround.web.guard import LOOPBACK
from preround.wiring import House

_HERE = frozenset({"127.0.0.1", "localhost", "::1"})


def serve(
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.", min=0, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on; this machine only by default.")] = "127.0.0.1",
    fhir: Fhir = None,
) -> None:
    """Serve the review queue on http://127.0.0.1:8000 and drive what waits for nobody."""

    async def work(house: House) -> int:
        return await serve_house(house, port=port, host=host)

    enter(work, fhir=fhir)


async def serve_house(house: House, *, port: int, host: str = "127.0.0.1") -> int:
    """Serve until stopped; sweeps at start and every few seconds.

    Raises:
        Unusable: the address cannot be listened on.
    """
    here = host in _HERE
    web = create_web(house, hosts=LOOPBACK if here else None)
    with listening(host, port) as listener:
        taken = listener.getsockname()[1]
        config = uvicorn.Config(web, log_level="warning", lifespan="off", access_log=False, server_header=False)
        server = uvicorn.Server(config)
        sweeping = asyncio.create_task(sweep_forever(house))
        err.print(
            f"Review queue: http://{f'[{host}]' if ':' in host else host}:{taken}  (stop with Ctrl-C)", markup=False
        )
        if not here:
            err.print("Anybody who reaches this address can read and sign: put a sign-in before it.", style="yellow")
        try:
            await server.serve(sockets=[listener])
        finally:
            sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sweeping
    return 0


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens, so that the address that is printed next can be opened at once.

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
            f"Could not listen on {host} port {port} ({error.strerror}); choose another with --port"
        ) from error
    return listener


async def sweep_forever(house: House) -> None:
    """Expire, rescue killed rounds, drive decisions; a sweep that fails is tried again."""
    while True:
        try:
            for run in await house.runner.sweep():
                if run.status == "stale":
                    await refresh(house, run)
        except Exception as error:  # one bad round must not stop the sweep of the others
            err.print(f"A sweep stopped ({type(error).__name__}); it is tried again.", markup=False)
        await asyncio.sleep(house.settings.sweep_seconds)
