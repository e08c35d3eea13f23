"""Beginning rounds: what is due becomes a round like any other, once, with what began it in the audit chain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from graphs.switched import check_begins
from preround.doing import rounds
from preround.failure import Missing, Unusable
from preround.wiring import House
from review.switches import SwitchedOff
from store import audit, beginnings, watches
from store.beginnings import Beginning, State

NAMED = 20
"""Resources that the audit names of what began a round; it counts them all."""
HOUR = timedelta(hours=1)
Submit = Callable[[str, str], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """One round that began by itself."""

    run_id: str
    """The round."""
    rule: str
    """The rule that began it."""
    patient: str
    """The patient's reference."""
    resources: int
    """Of what."""


async def begin_due(house: House, submit: Submit) -> list[Begun]:
    """Begin what is due and not switched off, as many rounds as the site allows in an hour; the others wait.

    Args:
        house: the running program.
        submit: has a round driven.

    Raises:
        FhirError: the server could not say whether the patient is there; tried again next time.
        SwitchesUnreadable: what is switched off can't be known, so nothing begins.
        DatabaseAway: when the database does not answer.
    """
    services = house.services
    now = services.clock.now()
    most, off = house.settings.subscriptions.rounds_an_hour, switched_off(house)
    with services.db.read() as connection:
        found = beginnings.due(connection, server=services.client.base_url, now=now, limit=most, off=off)
        # In this order: what another process begins between the two is among what is due here, and counts once.
        room = max(0, most - beginnings.begun_since(connection, now - HOUR))
    begun = []
    for one in found[:room]:
        if (done := await _begin(house, one)) is not None:
            await submit(one.run_id, one.patient)
            begun.append(done)
    return begun


def switched_off(house: House) -> dict[tuple[str, ...], str]:
    """The tasks of rounds that are due and don't begin because all of them are switched off, each with who said so.

    Raises:
        SwitchesUnreadable: that can't be known.
    """
    services = house.services
    with services.db.read() as connection:
        due = beginnings.tasks_due(connection, server=services.client.base_url, now=services.clock.now())
    found = {}
    for tasks in due:
        try:
            check_begins(services, tasks)
        except SwitchedOff as error:
            found[tasks] = f"It {error.how}"
    return found


def waits(house: House) -> int:
    """How many are due and wait because as many began within the hour as may."""
    services = house.services
    now = services.clock.now()
    with services.db.read() as connection:
        due = beginnings.due(connection, server=services.client.base_url, now=now, limit=1000)
        full = beginnings.begun_since(connection, now - HOUR) >= house.settings.subscriptions.rounds_an_hour
    return len(due) if full else 0


async def _begin(house: House, one: Beginning) -> Begun | None:
    try:
        rounds.offered(house.services.reasoner, one.tasks)
        await rounds.known(house, rounds.patient_id(one.patient))
    except (Missing, Unusable) as error:
        _settled(house, one, "refused", str(error))
        return None
    # On record first, under an id that is derived: whoever comes to this again finds it there.
    house.runner.open(run_id=one.run_id, patient=one.patient, tasks=one.tasks, as_of=house.services.clock.now())
    return _settled(house, one, "begun", None)


def _settled(house: House, one: Beginning, state: State, why: str | None) -> Begun | None:
    now = house.services.clock.now()
    with house.services.db.write() as connection:
        watch = watches.get(connection, one.watch_id)
        if watch is None or not beginnings.settle(connection, one, state, now=now, detail=why):
            return None  # another process was quicker
        causes = beginnings.causes(connection, one.beginning_id)
        audit.append(
            connection,
            at=now,
            actor=f"subscription:{watch.rule}",
            act=f"round.{state}",
            subject=one.run_id,
            detail={
                "rule": watch.rule,
                "how": one.how,
                "tasks": list(one.tasks),
                "resources": [f"{each.reference}/_history/{each.version}" for each in causes[:NAMED]],
                "number": len(causes),
                "why": why,
            },
        )
    return Begun(run_id=one.run_id, rule=watch.rule, patient=one.patient, resources=len(causes))
