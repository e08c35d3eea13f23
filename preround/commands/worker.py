"""`preround worker`: drive rounds beside other workers, on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from preround.dispatch.dispatcher import dispatcher_of
from preround.dispatch.interrupt import stop_on_signals
from preround.door import Fhir, ReasonerOption, enter
from preround.failure import Unusable
from preround.telemetry.logs import say
from preround.web.health import ROUNDS
from preround.web.observing import observed
from preround.wiring import House

_BEAT_SECONDS = 5.0


def worker(
    at_once: Annotated[
        int | None, typer.Option("--at-once", metavar="N", min=1, max=64, help="Rounds of batches side by side (4).")
    ] = None,
    alive: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Touched every few seconds, for a container's health check.")
    ] = None,
    fhir: Fhir = None,
    reasoner: ReasonerOption = None,
) -> None:
    """Drive rounds beside other workers; start as many as you like, on as many machines.

    Needs PREROUND_DATABASE_URL: on one machine `preround serve` and `preround batch` drive rounds themselves. A round
    for which a person waits goes before those of a batch, no two rounds of one patient run at once, and what a killed
    worker left is taken over within seconds. Ctrl-C or SIGTERM ends it after the step that each round is at.
    """

    async def work(house: House) -> int:
        if not house.services.db.shared:
            raise Unusable(
                "Workers share a PostgreSQL: set PREROUND_DATABASE_URL; on one machine `preround serve` and "
                "`preround batch` drive rounds themselves"
            )
        driven: Counter[str] = Counter()
        stop = stop_on_signals(house)
        async with dispatcher_of(house, say=say) as dispatcher, observed(house, needs=ROUNDS):
            say(
                f"Worker ready: {house.settings.worker_rounds} rounds of batches at once, reasoner "
                f"{house.services.reasoner.name} (stop with Ctrl-C)"
            )
            async with _beating(alive):
                await dispatcher.work(stop, settled=lambda status: driven.update([status]))
        said = ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in sorted(driven.items()))
        say(f"Stopped. Rounds brought to a stop here: {said or 'none'}.")
        return 0

    enter(work, fhir=fhir, reasoner=reasoner, worker_rounds=at_once, serving=True, reporting=True)


@asynccontextmanager
async def _beating(alive: Path | None) -> AsyncIterator[None]:
    """Touch a file for as long as the block lasts; a loop that hangs touches nothing."""
    if alive is None:
        yield
        return

    async def beat(file: Path) -> None:
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            with suppress(OSError):  # it was there; whoever looks at it will see that it grows old
                await asyncio.to_thread(file.touch)

    try:
        await asyncio.to_thread(alive.touch)
    except OSError as error:
        raise Unusable(f"Could not write {alive}: {error.strerror}; give another file") from error
    beating = asyncio.create_task(beat(alive))
    try:
        yield
    finally:
        beating.cancel()
