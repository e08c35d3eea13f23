"""What follows when a server will not have what was signed: nothing is written in its place unasked.

A Provenance that is refused stays here, beside the write that it speaks of. A refused entry, or a refused Device, is
put before people once more in a form that the server may take: as a prepared round of its own, on record in the same
transaction as the refusal, so that no crash can part them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from claims.degrade import ladder
from graphs.fitting import lowered
from graphs.node import run_of
from graphs.prepared import Prepared, PreparedEntry, prepared_of, put_on_record
from graphs.services import Services
from review.proposal import Draft, drafts_of
from review.queue import Shown, show
from store import outbox
from store.database import Transaction
from store.outbox import OutboxRow
from tools.fhir.capabilities import Capabilities
from tools.fhir.errors import NOT_TAKEN, FhirRefused, WriteRefused
from tools.fhir.stored import Stored


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One entry that the server did not take, or not whole."""

    rows: tuple[OutboxRow, ...]
    """Its group."""
    error: FhirRefused
    """What the server said."""

    @property
    def stored(self) -> dict[str, Stored]:
        """What of the group stands on the server all the same, by outbox id."""
        return dict(self.error.stored) if isinstance(self.error, WriteRefused) else {}

    @property
    def part(self) -> str:
        """What of the group was refused; the target where that is not known."""
        return next((row.part for row in self.rows if row.outbox_id == self.error.key), "target")

    @property
    def written(self) -> bool:
        """Whether the entry itself stands on the server."""
        return any(row.part == "target" and row.outbox_id in self.stored for row in self.rows)


def following_run(item_id: str) -> str:
    """The id of the round in which what was refused of an item is proposed in another form."""
    return uuid5(NAMESPACE_OID, f"stand-in:{item_id}").hex[:16]


async def settle(services: Services, item_id: str, refusals: Sequence[Refusal]) -> None:
    """Put refusals on record, and propose in another form what can be, in one transaction."""
    if not refusals:
        return
    shown = show(services.db, item_id)
    capabilities = await services.client.capabilities()
    again = [found for one in refusals if (found := _stand_in(shown, one, capabilities)) is not None]
    with services.db.write() as connection:
        for one in refusals:
            _mark(connection, services, one)
        if again:
            _propose(connection, services, shown, again)


def mark_done(connection: Transaction, row: OutboxRow, stored: Stored, *, now: datetime) -> None:
    """Say that the server holds one resource, where and in which version."""
    outbox.mark_done(
        connection,
        row.outbox_id,
        version=stored.version or "",
        stored_sha256=stored.sha256,
        stored_id=stored.reference.partition("/")[2],
        now=now,
    )


def _mark(connection: Transaction, services: Services, one: Refusal) -> None:
    now, said = services.clock.now(), str(one.error)
    for row in one.rows:
        stored = one.stored.get(row.outbox_id)
        if stored is not None:
            mark_done(connection, row, stored, now=now)
        elif one.written:
            outbox.mark_kept(connection, row.outbox_id, error=said, now=now)
        else:
            outbox.mark_refused(connection, row.outbox_id, error=said, now=now)


def _stand_in(shown: Shown, one: Refusal, capabilities: Capabilities) -> tuple[Draft, str] | None:
    """The entry in the form to try next, and why; `None` where there is none, or where it was not about its type."""
    n = one.rows[0].entry
    draft = drafts_of(shown.proposal)[n - 1]
    if one.written or one.error.status not in NOT_TAKEN or draft.base is not None:
        return None
    kind = str(draft.resource["resourceType"])
    if one.part == "device":
        found: Draft | None = replace(draft, keeps=(*draft.keeps, "device"))
        words = "the server took no Device, which is kept here"
    else:
        found = lowered(draft, refused=_refused(draft), capabilities=capabilities)
        words = f"the server refused a {kind}" + (
            f"; a {found.resource['resourceType']} stands for it" if found else ""
        )
    return None if found is None else (found, f"{draft.title}: {words}. It said: {one.error}")


def _refused(draft: Draft) -> frozenset[str]:
    """The types that were tried: the one that was meant, and all of its ladder up to the one that is refused now."""
    kind = str(draft.resource["resourceType"])
    steps = ladder(str((draft.stands_for or draft.resource)["resourceType"]))
    return frozenset({kind, *(steps[: steps.index(kind)] if kind in steps else ())})


def _propose(connection: Transaction, services: Services, shown: Shown, again: Sequence[tuple[Draft, str]]) -> None:
    run = run_of(services, shown.item.run_id)
    before = prepared_of(run, services)
    watch = "chart" if before is None else before.watch
    based_on = before.based_on if before is not None and watch == "named" else ()
    prepared = Prepared(
        patient=shown.item.patient,
        task=again[0][0].task,
        prepared_by=f"what the server did not take of item {shown.item.item_id}",
        author=shown.proposal.author,
        entries=tuple(_entry(draft, based_on) for draft, _ in again),
        page=tuple(words for _, words in again),
        watch=watch,
    )
    put_on_record(
        connection,
        services,
        prepared,
        run_id=following_run(shown.item.item_id),
        as_of=run.as_of,
        refreshes=run.run_id,
    )


def _entry(draft: Draft, based_on: tuple[str, ...]) -> PreparedEntry:
    return PreparedEntry(
        task=draft.task,
        title=draft.title,
        resource=draft.resource,
        sources=draft.sources,
        based_on=based_on,
        labels=tuple(sorted(draft.labels - {"not-valid"})),
        medication_class=draft.medication_class,
        stands_for=draft.stands_for,
        keeps=draft.keeps,
    )
