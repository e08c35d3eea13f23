"""Commit: the only node that writes: what the outbox holds, once, and only while the chart is as it was read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import TypeGuard, cast

from langgraph.runtime import Runtime

from claims.canonical import read_exact
from graphs.freshness import moved
from graphs.refusals import Refusal, mark_done, settle
from graphs.services import Services
from graphs.state import RoundState
from review.gate import mark_stale
from review.opening import known_item, load_proposal
from review.queue import show
from review.recorded import due_rows
from review.switches import check_entries
from store import outbox, runs
from store.database import Transaction
from store.outbox import OutboxRow
from store.switches import in_force
from tools.fhir.errors import NOT_TAKEN, FhirError, FhirRefused, FhirUnreachable, WriteRefused
from tools.fhir.stored import WriteEntry
from tools.fhir.write import FhirWriter

STRAY = timedelta(minutes=2)
"""No request that we sent arrives later than this: several times the longest time that one may take."""


async def commit(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """Write the signed entries.

    First the server is asked for our own keys: a half-done write of ours is not "stale" and is finished. Only when the
    server holds nothing of this item is the chart compared with what was read. Then each entry's group is sent and read
    back.

    Raises:
        FhirError: the round stays `committing`, and the sweep tries again.
        SwitchedOff: the same until it is switched on again.
        RecordDiffers, ProposalDamaged: what is stored is not what was signed; nothing is written while that is so.
    """
    services = runtime.context
    now = services.clock.now
    with services.db.write() as connection:
        runs.set_status(connection, state["run_id"], from_={"running", "awaiting_review"}, to="committing", now=now())
    rows = due_rows(services.db, state["item_id"])
    due = [row for row in rows if row.state in ("pending", "sent")]
    if not due:
        return {"outcome": _how(services, state["item_id"])}
    with services.db.read() as connection:
        # All or nothing: what is half written is not held against the chart again when it goes on.
        _check_on(connection, state["item_id"], sorted({row.entry for row in due}))
    async with _writer(services, state["item_id"]) as writer:
        begun = any(row.state == "done" for row in rows) or await _found(writer, due)
        if not begun and await moved(services, state):
            _wait_for_strays(due, now())
            mark_stale(services.db, item_id=state["item_id"], now=now(), nothing_stored=True)
            return {"outcome": "stale"}
        refusals = []
        for entry in sorted({row.entry for row in due}):
            refused = await _write(services, writer, [row for row in due if row.entry == entry])
            refusals += [refused] if refused else []
        await settle(services, state["item_id"], refusals)
    return {"outcome": _how(services, state["item_id"])}


@asynccontextmanager
async def _writer(services: Services, item_id: str) -> AsyncIterator[FhirWriter]:
    opened = cast("Callable[[str | None], AbstractAsyncContextManager[FhirWriter]]", services.writing)
    signed = [decision.person_key for decision in show(services.db, item_id).decisions if decision.verb == "approve"]
    async with opened(signed[-1] if signed else None) as writer:
        yield writer


def _check_on(connection: Transaction, item_id: str, entries: Sequence[int]) -> None:
    """Refuse to write what somebody has switched off since it was signed.

    Raises:
        SwitchedOff: it is.
        SwitchesUnreadable: that can't be known.
    """
    if in_force(connection):
        item = known_item(connection, item_id)
        proposal = load_proposal(connection, item)
        chosen = [entry for entry in proposal.entries if entry.n in entries]
        check_entries(connection, item, chosen, proposal.author, act="signed but not written")


def _entry(row: OutboxRow) -> WriteEntry:
    body = read_exact(row.body.encode())
    return WriteEntry(resource=body, key=row.outbox_id, if_match=row.if_match, restores=row.restores)


async def _found(writer: FhirWriter, rows: Sequence[OutboxRow]) -> bool:
    """Whether the server already holds a target of ours; a Device is shared by all rounds and says nothing."""
    for row in rows:
        if row.part == "target":
            try:
                if await writer.find([_entry(row)]):
                    return True
            except FhirRefused:
                # Something else is at its place, or its type is not taken; the write of this entry will say so, and the
                # others may stand.
                continue
    return False


def _wait_for_strays(rows: Sequence[OutboxRow], now: datetime) -> None:
    """A request that was cut off may still arrive; an item is not called stale while one may be under way.

    Raises:
        FhirUnreachable: an attempt is too young; look again later.
    """
    tried = [row.updated for row in rows if row.attempts]
    if tried and now - max(tried) < STRAY:
        raise FhirUnreachable(
            "The chart changed while a write was under way: run `preround resume` in a few minutes to see which won."
        )


async def _write(services: Services, writer: FhirWriter, rows: Sequence[OutboxRow]) -> Refusal | None:
    now = services.clock.now
    with services.db.write() as connection:
        _check_on(connection, rows[0].item_id, [rows[0].entry])
        # Rows that were taken back since, because the round was cancelled, are not sent.
        if not all(outbox.mark_sent(connection, row.outbox_id, now=now()) for row in rows):
            return None
    try:
        stored = await writer.write_once([_entry(row) for row in rows])
    except FhirError as error:
        if isinstance(error, WriteRefused) or _unseen(error, rows):
            return Refusal(rows=tuple(rows), error=error)
        with services.db.write() as connection:
            for row in rows:
                outbox.mark_failed(connection, row.outbox_id, error=str(error), now=now())
        raise
    with services.db.write() as connection:
        for row, one in zip(rows, stored, strict=True):
            mark_done(connection, row, one, now=now())
    return None


def _unseen(error: FhirError, rows: Sequence[OutboxRow]) -> TypeGuard[FhirRefused]:
    """Whether the server will not even be asked for such a resource, and nothing of the group was ever sent."""
    return isinstance(error, FhirRefused) and error.status in NOT_TAKEN and not any(row.attempts for row in rows)


def _how(services: Services, item_id: str) -> str:
    """`written`, `partly_written` or `failed`, from the rows and from what was left unapproved."""
    shown = show(services.db, item_id)
    targets = [row for row in shown.outbox if row.part == "target"]
    done = [row for row in targets if row.state == "done"]
    if not done:
        return "failed"
    return "written" if len(done) == len(shown.proposal.entries) else "partly_written"
