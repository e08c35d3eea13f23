"""`preround watch`: ask the FHIR server what is new, and begin rounds by the rules."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from preround.commands.serve import sweep_forever
from preround.dispatch.dispatcher import Dispatcher, dispatcher_of
from preround.dispatch.interrupt import stop_on_signals
from preround.door import Fhir, Json, ReasonerOption, enter, err, out, write_json
from preround.subscriptions.rules import load_rules
from preround.subscriptions.watching import Step, Watcher
from preround.telemetry.logs import say
from preround.wiring import House
from store import runs
from store.runs import FINISHED

_BEAT_SECONDS = 0.2


def watch(
    once: Annotated[
        bool, typer.Option("--once", help="Look once, have the rounds that begin driven, and end.")
    ] = False,
    every: Annotated[
        float | None,
        typer.Option("--every", metavar="SECONDS", min=1, help="How often to ask (`poll_seconds`, 60)."),
    ] = None,
    fhir: Fhir = None,
    reasoner: ReasonerOption = None,
    json: Json = None,
) -> None:
    """Ask the FHIR server what is new by `_lastUpdated`, and begin rounds by the rules, until stopped.

    `preround serve` does the same where [subscriptions] says `enabled = true`; this is for a process of its own, or for
    a timer with `--once`. What stood there at the first look begins nothing. How far it got is kept: nothing is lost
    when it is stopped, nor looked at twice. `preround subscribe rules` shows the rules.
    Exit codes: 0 done · 2 the rules can't be used · 5 the server could not be reached (`--once`).
    """

    async def work(house: House) -> int:
        site = house.settings.subscriptions
        rules = load_rules(site.rules)
        async with dispatcher_of(house, say=say) as dispatcher:
            watcher = Watcher(
                house, rules, dispatcher.submit, poll_seconds=every or site.poll_seconds or 60.0, say=_problem
            )
            if once:
                return await _once(house, watcher, json, elsewhere=bool(await dispatcher.elsewhere()))
            await _until_stopped(house, watcher, dispatcher)
        return 0

    enter(work, fhir=fhir, reasoner=reasoner, json=json, serving=not once, reporting=True)


async def _once(house: House, watcher: Watcher, json: str | None, *, elsewhere: bool) -> int:
    step = await watcher.step()
    if not elsewhere:  # where workers are, the rounds are theirs
        await _driven(house, step)
    if json is not None:
        write_json({"looks": [asdict(one) for one in step.looks], "begun": [asdict(one) for one in step.begun]}, json)
    if json != "-":
        for look in step.looks:
            out.print(f"{look.rule}: {look.new} new{', more to come' if look.behind else ''}", markup=False)
        for one in step.begun:
            out.print(f"Round {one.run_id} began by the rule {one.rule}", markup=False)
        if not step.begun:
            out.print("No round began.", markup=False)
    return 5 if any(look.problem and not look.read for look in step.looks) else 0


async def _driven(house: House, step: Step) -> None:
    """Wait until the rounds that began here are at a stop: nobody else drives them."""
    left = {one.run_id for one in step.begun}
    while left:
        await asyncio.sleep(_BEAT_SECONDS)
        with house.services.db.read() as connection:
            found = [runs.get(connection, one) for one in left]
        left = {one.run_id for one in found if one and one.status not in FINISHED and one.status == "running"}


async def _until_stopped(house: House, watcher: Watcher, dispatcher: Dispatcher) -> None:
    stop = stop_on_signals(house)
    say("Watching the FHIR server (stop with Ctrl-C)")
    watching = asyncio.create_task(watcher.run(house.settings.sweep_seconds))
    sweeping = asyncio.create_task(sweep_forever(dispatcher, house.settings.sweep_seconds))
    try:
        await stop.wait()
    finally:
        for task in (watching, sweeping):
            task.cancel()
        await asyncio.gather(watching, sweeping, return_exceptions=True)


def _problem(words: str) -> None:
    err.print(words, markup=False)
