"""The queue as Tasks on the FHIR server: each item once, and brought up to date as it moves."""

from __future__ import annotations

from graphs.services import Services
from preround.reporting.reported import AWAY, Reported
from review.item_task import is_of, laid_over, task_of
from store import item_tasks
from store.item_tasks import Standing
from tools.fhir import wire
from tools.fhir.errors import FhirError, WriteConflict, WriteRefused
from tools.fhir.report import Reporter
from tools.fhir.stored import WriteEntry, version_of
from tools.fhir.wire import Resource

AT_ONCE = 200
"""So many items in one pass; what is left is for the next."""
_TRIES = 5
"""So often an item is begun again whose Task somebody else changed meanwhile."""
_IN_A_ROW = 3
"""After so many refusals one after the other the pass ends: the server takes no Tasks."""


async def show_tasks(services: Services, reporter: Reporter, *, public_url: str | None) -> Reported:
    """Show items as they stand that the server does not show so yet, the oldest first.

    What the server refuses is noted and tried again later; when it is away the pass ends, and nothing is lost.

    Args:
        services: of the house.
        reporter: writes Tasks.
        public_url: how browsers reach the queue; a Task has no link without it.
    """
    done, row, trouble = 0, 0, None
    with services.db.read() as connection:
        due = item_tasks.due(connection, now=services.clock.now(), most=AT_ONCE)
    for item_id in due:
        try:
            await _show(services, reporter, item_id, public_url)
            done, row = done + 1, 0
        except AWAY as away:
            return Reported(done=done, trouble=str(away), away=True)
        except FhirError as refused:
            trouble, row = str(refused), row + 1
            _failed(services, item_id, trouble)
            if row == _IN_A_ROW:
                return Reported(done=done, trouble=trouble, away=True)
    return Reported(done=done, trouble=trouble, more=len(due) == AT_ONCE)


async def _show(services: Services, reporter: Reporter, item_id: str, public_url: str | None) -> None:
    """Bring one Task to what its item is.

    The server is read before the item is, and only that version is written over: whoever changed the Task meanwhile,
    another process of ours say, knew an item at least as new, so an older state never goes over a newer one.

    Raises:
        FhirError: when it cannot be shown now.
    """
    with services.db.write() as connection:
        item_tasks.begin(connection, item_id, now=services.clock.now())
    link = f"{public_url.rstrip('/')}/items/{item_id}" if public_url else None
    found = _standing(services, item_id)
    doubt: FhirError = WriteConflict()
    for _ in range(_TRIES):
        place = WriteEntry(resource=task_of(found, link=link), key=item_id)
        current = await reporter.current(place, known=found.stored_id)
        found = _standing(services, item_id)
        if current is not None and not is_of(current, item_id):
            msg = "Another Task is where the Task of a review item belongs: look at what the FHIR server holds there."
            raise WriteConflict(msg)
        try:
            stored_id = await _written(reporter, current, task_of(found, link=link), item_id)
        except WriteConflict as changed:
            doubt = changed
            continue
        with services.db.write() as connection:
            item_tasks.shown(connection, found, stored_id=stored_id)
        return
    raise doubt


async def _written(reporter: Reporter, current: Resource | None, meant: Resource, item_id: str) -> str:
    """Write what is meant over what is there, and give the id under which the server has it."""
    if current is None:
        (stored,) = await reporter.write_once([WriteEntry(resource=meant, key=item_id)])
        return stored.reference.partition("/")[2]
    laid, version = laid_over(current, meant), version_of(current)
    if not wire.same(laid, current):
        if version is None:
            msg = "The FHIR server keeps no versions of Task, so that none can be brought up to date safely."
            raise WriteRefused(msg)
        await reporter.write_once([WriteEntry(resource=laid, key=item_id, if_match=version)])
    return str(current["id"])


def _standing(services: Services, item_id: str) -> Standing:
    with services.db.read() as connection:
        return item_tasks.standing(connection, item_id)


def _failed(services: Services, item_id: str, error: str) -> None:
    closed = _standing(services, item_id).item.state != "open"
    with services.db.write() as connection:
        item_tasks.failed(connection, item_id, error=error, closed=closed, now=services.clock.now())
