"""`preround serve`: the review queue, the HTTP API, the sandbox, and the sweep."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from fastapi import APIRouter
from starlette.types import ASGIApp

from preround.dispatch.dispatcher import Dispatcher, dispatcher_of
from preround.door import Fhir, enter
from preround.people.people import people_of
from preround.people.shown_link import shown_link
from preround.subscriptions.serving import told_and_begun
from preround.telemetry.logs import say
from preround.web.address import check_open_to, names
from preround.web.app import create_web
from preround.web.health import QUEUE
from preround.web.listening import address_of, answer_requests, listening
from preround.web.observing import observed
from preround.wiring import House


def serve(
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.", min=0, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on; this machine only by default.")] = "127.0.0.1",
    fhir: Fhir = None,
) -> None:
    """Serve the review queue on http://127.0.0.1:8000 and drive what waits for nobody."""

    async def work(house: House) -> int:
        return await serve_house(house, port=port, host=host)

    enter(work, fhir=fhir, serving=True, reporting=True)


async def serve_house(house: House, *, port: int, host: str = "127.0.0.1", more: Sequence[APIRouter] = ()) -> int:
    """Serve until stopped, as `open_doors` has it; sweeps at start and every few seconds."""
    async with open_doors(house, port=port, host=host, more=more) as (web, listener):
        await answer_requests(web, listener)
    return 0


@asynccontextmanager
async def open_doors(
    house: House, *, port: int, host: str = "127.0.0.1", more: Sequence[APIRouter] = ()
) -> AsyncIterator[tuple[ASGIApp, socket.socket]]:
    """What is served and the socket that listens for it; all that goes on beside it does while the block lasts.

    Args:
        house: the running program.
        port: on which port; 0 takes a free one.
        host: on which address.
        more: routes beside the usual ones.

    Raises:
        Unusable: the address cannot be listened on.
    """
    check_open_to(host, house.settings.public_url, by_link=not house.settings.people_sign_in)
    with listening(host, port) as listener:
        async with (
            dispatcher_of(house, say=say) as dispatcher,
            observed(house, needs=QUEUE),
            told_and_begun(house, dispatcher, say=say),
        ):
            people = people_of(house, say=lambda link: say(f"A new link: {_shown(house, link)}"))
            web = create_web(
                house,
                hosts=names(house.settings.public_url, house.settings.subscriptions.url),
                dispatcher=dispatcher,
                people=people,
            )
            for router in more:
                web.include_router(router)
            sweeping = asyncio.create_task(sweep_forever(dispatcher, house.settings.sweep_seconds))
            link = people.listens_at(house.settings.public_url or address_of(host, listener))
            say(f"Review queue: {_shown(house, link) if people.by_link else link}  (stop with Ctrl-C)")
            try:
                yield web, listener
            finally:
                sweeping.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await sweeping


def _shown(house: House, link: str) -> str:
    return shown_link(link, house.settings.home, as_json=house.settings.log == "json")


async def sweep_forever(dispatcher: Dispatcher, seconds: float) -> None:
    """Expire, rescue killed rounds, drive decisions; a sweep that fails is tried again."""
    while True:
        try:
            await dispatcher.sweep()
        except Exception as error:  # one bad round must not stop the sweep of the others
            say(f"A sweep stopped ({type(error).__name__}); it is tried again.")
        await asyncio.sleep(seconds)
