"""A port beside the others, for those who watch: metrics and health, and nothing of a patient."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from preround import VERSION
from preround.failure import Unusable
from preround.telemetry.logs import say
from preround.telemetry.page import metrics_page
from preround.web.guard import LOOPBACK, Guard
from preround.web.health import Part, health
from preround.web.listening import HERE, address_of, answered, listening
from preround.wiring import House


@asynccontextmanager
async def observed(house: House, *, needs: Collection[Part]) -> AsyncIterator[None]:
    """Answer there for as long as the block lasts, where the settings name a port.

    Args:
        house: the running program.
        needs: what must be there for this process to be ready.

    Raises:
        Unusable: the address cannot be listened on.
    """
    given = house.settings
    if given.metrics_port is None:
        yield
        return
    with listening(given.metrics_host, given.metrics_port, "PREROUND_METRICS_PORT") as listener:
        app = FastAPI(title="Preround, watched", version=VERSION, docs_url=None, redoc_url=None, openapi_url=None)
        app.include_router(health(house, needs=needs))
        app.include_router(metrics_page(house))
        if given.metrics_host in HERE:
            app.add_middleware(Guard, hosts=LOOPBACK)
        async with answered(app, listener):
            say(f"Metrics: {address_of(given.metrics_host, listener)}/metrics")
            yield


@asynccontextmanager
async def observed_if_free(house: House, *, needs: Collection[Part]) -> AsyncIterator[None]:
    """The same for a command that goes on where another process of this machine has the port; that is said.

    Args:
        house: the running program.
        needs: what must be there for this process to be ready.
    """
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(observed(house, needs=needs))
        except Unusable as error:
            say(f"{error}. It goes on without metrics of its own.")
        yield
