"""Passes of reporting: what the settings switch on, by whoever moves rounds and items; none of them waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from preround.reporting.audit import send_audit
from preround.reporting.reported import Reported
from preround.reporting.tasks import show_tasks
from preround.wiring import House
from store import audit_copies, item_tasks
from store.audit import ChainBroken
from store.database import DatabaseAway
from store.leases import LeaseHeld
from tools.fhir.errors import FhirError

LONGEST_WAIT = 60.0
"""Seconds between two looks at a server that would have nothing; the wait before that doubles each time."""
LAST_SECONDS = 5.0
"""So long a process that ends goes on telling; what is left is for whoever comes next."""
_HELD_SECONDS = 0.1
_GROUPS = 8
"""So many groups of audit rows in one pass, so that a long chain does not keep the Tasks waiting."""


@asynccontextmanager
async def reported(house: House, *, say: Callable[[str], None]) -> AsyncIterator[None]:
    """Tell the FHIR server while the block lasts, and at its end what the block left; any number of processes may.

    One of them tells at a time, and each looks for itself first, so that those with nothing to tell keep nobody from
    it.

    Args:
        house: the running program.
        say: told what a person should know, in a sentence without patient data: once when something is wrong, and once
            when it is well again.
    """
    if not house.settings.fhir_tasks and not house.settings.fhir_audit:
        yield
        return
    ended = asyncio.Event()
    telling = asyncio.create_task(_report(house, ended, say))
    try:
        yield
    finally:
        ended.set()
        await asyncio.wait([telling], timeout=LAST_SECONDS)
        telling.cancel()  # wherever it is: what was sent and not noted is taken up there by the next
        with suppress(asyncio.CancelledError):
            await telling


async def report_once(house: House) -> Reported:
    """Tell the FHIR server what it does not know yet, as far as the settings say so.

    Whatever goes wrong is in the answer: nothing that people or rounds do waits for this.
    """
    try:
        if not await asyncio.to_thread(_behind, house):
            return Reported()
        with house.services.leases.acquire("reporting"):
            return await _pass(house)
    except LeaseHeld:
        return Reported(held=True)
    except DatabaseAway:  # whoever drives rounds says so, and it is not the FHIR server's doing
        return Reported(away=True)
    except Exception as error:  # a bug must not end the process either; its words could quote something
        return Reported(trouble=f"Reporting stopped ({type(error).__name__}).", away=True)


async def _report(house: House, ended: asyncio.Event, say: Callable[[str], None]) -> None:
    wait, wrong = house.settings.sweep_seconds, False
    while True:
        last = ended.is_set()  # all that the block did is there for this pass to find
        found = await report_once(house)
        if found.trouble is not None and not wrong:
            say(f"Not all is told to the FHIR server: {found.trouble} It is tried again; nothing else waits for it.")
        if wrong and found.done and found.trouble is None:
            say("The FHIR server is told again.")
        wrong = found.trouble is not None or (wrong and not found.done)
        if last and (found.away or not (found.more or found.held)):
            return
        wait = min(LONGEST_WAIT, 2 * wait) if found.away else house.settings.sweep_seconds
        if last and found.held:
            await asyncio.sleep(_HELD_SECONDS)
        elif found.away or not found.more:
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), wait)


def _behind(house: House) -> bool:
    """Whether there is anything to tell."""
    given, services = house.settings, house.services
    if not given.fhir_tasks and not given.fhir_audit:
        return False
    with services.db.read() as connection:
        if given.fhir_tasks and item_tasks.due(connection, now=services.clock.now(), most=1):
            return True
        return given.fhir_audit and audit_copies.copied(connection, services.client.base_url).left > 0


async def _pass(house: House) -> Reported:
    given, services = house.settings, house.services
    tasks = events = Reported()
    async with house.reporting() as reporter:
        if given.fhir_tasks:
            tasks = await show_tasks(services, reporter, public_url=given.public_url)
        if given.fhir_audit and not tasks.away:
            try:
                events = await send_audit(services, reporter, most=_GROUPS)
            except (FhirError, ChainBroken) as error:
                events = Reported(trouble=str(error), away=True)
    return Reported(
        done=tasks.done + events.done,
        trouble=tasks.trouble or events.trouble,
        away=tasks.away or events.away,
        more=tasks.more or events.more,
    )
