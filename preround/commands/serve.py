"""`preround serve`: the review queue, the HTTP API, the sandbox, and the sweep."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

import typer
import uvicorn

from preround.door import Fhir, enter, err
from preround.rounds import refresh
from preround.web.app import create_web
from preround.wiring import House


def serve(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on; this machine only by default.")] = "127.0.0.1",
    fhir: Fhir = None,
) -> None:
    """Serve the review queue on http://127.0.0.1:8000 and drive what waits for nobody."""

    async def work(house: House) -> int:
        return await serve_house(house, port=port, host=host)

    enter(work, fhir=fhir)


async def serve_house(house: House, *, port: int, host: str = "127.0.0.1") -> int:
    """Serve until stopped; sweeps at start and every few seconds."""
    config = uvicorn.Config(
        create_web(house), host=host, port=port, log_level="warning", lifespan="off", access_log=False
    )
    server = uvicorn.Server(config)
    sweeping = asyncio.create_task(sweep_forever(house))
    err.print(f"Review queue: http://{host}:{port}  (stop with Ctrl-C)", markup=False)
    try:
        await server.serve()
    finally:
        sweeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sweeping
    return 0


async def sweep_forever(house: House) -> None:
    """Expire, rescue killed rounds, drive decisions; a sweep that fails is tried again."""
    while True:
        for run in await house.runner.sweep():
            if run.status == "stale":
                with contextlib.suppress(Exception):
                    await refresh(house, run)
        await asyncio.sleep(house.settings.sweep_seconds)
