"""What the lives of a campaign are for: rounds that are prepared, decided, driven on, finished."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

from preround.doing import deciding, rounds
from preround.failure import Declined
from preround.shown.instant import instant
from preround.wiring import House
from review.errors import GateError
from review.queue import show
from store.database import DatabaseAway
from store.leases import LeaseHeld, LeaseLost
from tests.acceptance.homes import AS_OF
from tests.integration.test_prepared_rounds import a_note
from tools.fhir.errors import FhirError

FIRST, SECOND = "Ada Nowak", "Ben Okafor"
"""Who decide; where two race, both."""
_EXPECTED = (GateError, Declined, FhirError, LeaseHeld, LeaseLost, DatabaseAway)
"""What a process may meet whose round another drives, whose server lies, or whose database gave it up asleep."""


async def prepare(ids: Sequence[str], house: House) -> None:
    """Open rounds that wait for their review."""
    for run_id in ids:
        await rounds.open_prepared(house, a_note(), run_id=run_id, as_of=instant(AS_OF))


async def decide(run_id: str, verb: str, person: str, house: House) -> None:
    """What a person does who finds the item open; and what the sweep does when it was decided."""
    with contextlib.suppress(*_EXPECTED):
        item = rounds.item_of_run(house, run_id)
        if show(house.services.db, item).item.state != "open":
            await house.runner.advance(run_id)
        elif verb == "approve":
            await deciding.decide(house, item_id=item, person=person, verb="approve")
        else:
            await deciding.decide(house, item_id=item, person=person, verb="reject", code="other", words="No.")


async def advance(run_id: str, house: House) -> None:
    """Drive a round on, if nobody else does."""
    with contextlib.suppress(*_EXPECTED):
        await house.runner.advance(run_id)


async def finish(verbs: Mapping[str, str], house: House) -> None:
    """The next worker's sweep, and people who decide what is still open because no decision was kept."""
    await house.runner.sweep()
    for run_id, verb in verbs.items():
        if show(house.services.db, rounds.item_of_run(house, run_id)).item.state == "open":
            await decide(run_id, verb, FIRST, house)
    await house.runner.sweep()
