"""Commit: the only node that writes. It writes what the outbox holds, once, and only while the chart is as it was read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import cast

from langgraph.runtime import Runtime

from agents.plan import MUST_LOOK
from claims.canonical import read_exact
from graphs.services import Services
from graphs.state import RoundState
from review.gate import mark_stale
from review.queue import outbox_for, show
from store import outbox, runs
from store.outbox import OutboxRow
from tools.fhir.errors import FhirError, FhirUnreachable, WriteRefused
from tools.fhir.scope import PatientScope
from tools.fhir.search_chart import search_chart
from tools.fhir.stored import WriteEntry
from tools.fhir.write import FhirWriter


async def commit(state: RoundState, runtime: Runtime[Services]) -> RoundState:
    """Write the signed entries.

    First the server is asked for our own keys: a half-done write of ours is not "stale". Only when nothing of this item
    was sent is the chart compared with what was read. Then each entry's group is sent and read back.

    Raises:
        FhirUnreachable: the round stays `committing`, and the sweep tries again.
    """
    services = runtime.context
    now = services.clock.now
    with services.db.write() as connection:
        runs.set_status(connection, state["run_id"], from_={"running", "awaiting_review"}, to="committing", now=now())
    rows = [row for row in outbox_for(services.db, state["item_id"]) if row.state in ("pending", "sent")]
    if not rows:
        return {"outcome": _how(services, state["item_id"])}
    async with _writer(services) as writer:
        begun = any(row.state == "sent" or row.attempts for row in rows)
        if not begun and not await _found(writer, rows) and await moved(services, state["item_id"]):
            mark_stale(services.db, item_id=state["item_id"], now=now())
            return {"outcome": "stale"}
        for entry in sorted({row.entry for row in rows}):
            await _write(services, writer, [row for row in rows if row.entry == entry])
    return {"outcome": _how(services, state["item_id"])}


@asynccontextmanager
async def _writer(services: Services) -> AsyncIterator[FhirWriter]:
    opened = cast("Callable[[], AbstractAsyncContextManager[FhirWriter]]", services.writing)
    async with opened() as writer:
        yield writer


def _entry(row: OutboxRow) -> WriteEntry:
    return WriteEntry(resource=read_exact(row.body.encode()), key=row.outbox_id, if_match=row.if_match)


async def _found(writer: FhirWriter, rows: Sequence[OutboxRow]) -> bool:
    """Whether the server already holds a target of ours; a Device is shared by all rounds and says nothing."""
    targets = [_entry(row) for row in rows if row.part == "target"]
    return bool(await writer.find(targets))


async def _write(services: Services, writer: FhirWriter, rows: Sequence[OutboxRow]) -> None:
    now = services.clock.now
    with services.db.write() as connection:
        for row in rows:
            outbox.mark_sent(connection, row.outbox_id, now=now())
    try:
        stored = await writer.write_once([_entry(row) for row in rows])
    except WriteRefused as error:
        with services.db.write() as connection:
            for row in rows:
                outbox.mark_refused(connection, row.outbox_id, error=str(error), now=now())
        return
    except FhirError as error:
        with services.db.write() as connection:
            for row in rows:
                outbox.mark_failed(connection, row.outbox_id, error=str(error), now=now())
        raise
    with services.db.write() as connection:
        for row, one in zip(rows, stored, strict=True):
            outbox.mark_done(connection, row.outbox_id, version=one.version or "", stored_sha256=one.sha256, now=now())


def _how(services: Services, item_id: str) -> str:
    """`written`, `partly_written` or `failed`, from the rows and from what was left unapproved."""
    shown = show(services.db, item_id)
    targets = [row for row in shown.outbox if row.part == "target"]
    done = [row for row in targets if row.state == "done"]
    if not done:
        return "failed"
    return "written" if len(done) == len(shown.proposal.entries) else "partly_written"


async def moved(services: Services, item_id: str) -> bool:
    """Whether a must-look resource is new, changed or gone since the proposal was made; our own writes do not count.

    Raises:
        FhirUnreachable: when that could not be found out: nothing is written unchecked.
    """
    shown = show(services.db, item_id)
    scope = PatientScope(patient_id=shown.item.patient.partition("/")[2])
    found = await asyncio.gather(
        *(search_chart(services.client, scope, kind, coverage_id=f"f{index}") for index, kind in enumerate(MUST_LOOK))
    )
    if any(e.coverage.truncated for e in found):
        raise FhirUnreachable("The chart could not be read in full to see whether it changed; the write waits.")
    seen = {
        f"{r['resourceType']}/{r['id']}/_history/{r['meta']['versionId']}"
        if r.get("meta", {}).get("versionId")
        else f"{r['resourceType']}/{r['id']}"
        for e in found
        for r in e.resources
        if r["resourceType"] in MUST_LOOK
    }
    with services.db.read() as connection:
        own = outbox.written_references(connection)
    new = {
        reference for reference in seen - set(shown.proposal.based_on) if reference.split("/_history/")[0] not in own
    }
    return bool(new) or bool(set(shown.proposal.based_on) - seen)
