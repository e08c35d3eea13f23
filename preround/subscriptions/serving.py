"""What `serve` does of it: the embedded sandbox tells who subscribed, and rounds begin where the site wants it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from preround.dispatch.dispatcher import Dispatcher
from preround.home import SANDBOX
from preround.sandbox.notifying import Notifier
from preround.subscriptions.rules import Rules, load_rules
from preround.subscriptions.watching import Watcher
from preround.wiring import House
from tools.outgoing import Outgoing


def rules_in_force(house: House) -> Rules | None:
    """The rules by which rounds begin by themselves here; None where none does.

    Raises:
        RulesUnusable: the site's own can't be used.
    """
    site = house.settings.subscriptions
    return load_rules(site.rules) if site.enabled else None


@asynccontextmanager
async def told_and_begun(house: House, dispatcher: Dispatcher, *, say: Callable[[str], None]) -> AsyncIterator[None]:
    """Tell and watch beside what the block does.

    Args:
        house: the running program.
        dispatcher: has rounds driven.
        say: told what a person should know, in a sentence without patient data.

    Raises:
        RulesUnusable: the site's own rules can't be used.
    """
    rules, site = rules_in_force(house), house.settings.subscriptions
    work: list[Coroutine[Any, Any, None]] = []
    send = Outgoing()
    if house.sandbox is not None:
        notifier = Notifier(
            house.settings.home / SANDBOX, now=house.services.clock.now, send=send, hosts=site.sandbox_hosts
        )
        work.append(notifier.run())
    if rules is not None:
        watcher = Watcher(house, rules, dispatcher.submit, poll_seconds=site.poll_seconds, say=say)
        work.append(watcher.run(house.settings.sweep_seconds))
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await send.close()
