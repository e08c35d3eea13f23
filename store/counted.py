"""What the state holds, in numbers: for those who run it. Reads indexes, never bodies."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from store.audit_copies import Unsent, unsent
from store.batch_tables import batch_members, batches
from store.beginnings import tally
from store.item_tasks import Behind, behind
from store.tables import audit, audit_head, items, outbox, runs
from store.watches import every

_DECIDED = ("item.approved", "item.signed", "item.rejected", "item.revised", "item.edited")


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """The state at one moment."""

    rounds: Mapping[str, int]
    """Rounds by status."""
    open_items: Mapping[int, int]
    """Items that wait for a decision, by tier."""
    oldest_item: datetime | None
    """When the one was opened that has waited longest."""
    oldest_undriven: datetime | None
    """When the oldest round was begun that waits for no person: running or committing."""
    outbox: Mapping[str, int]
    """Signed resources by state: what is not `done` is not in the record."""
    unsettled: int
    """Patients of open batches whose round is not at a stop."""
    beginnings: Mapping[tuple[str, str], int]
    """Rounds that begin by themselves, by rule and state."""
    looked: Mapping[str, datetime]
    """When somebody last looked, by rule."""
    troubled: int
    """Rules whose last look did not do all it should."""
    tasks: Behind | None
    """What of the queue the FHIR server does not show; None where it is not to."""
    copy: Unsent | None
    """What of the audit chain it does not have; None where it is not to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """One decision."""

    seq: int
    """Its place in the audit chain."""
    verb: str
    """What came of it: `approved`, `signed`, `rejected`, `revised` or `edited`."""
    seconds: float
    """From the opening of the item to it."""


def counted(connection: Connection, *, tasks: bool = False, copy: str | None = None) -> Counted:
    """Count.

    Args:
        connection: the transaction.
        tasks: whether the FHIR server is to show the queue.
        copy: the server that is to have the audit chain, by its base address.
    """
    by_status = connection.execute(select(runs.c.status, func.count()).group_by(runs.c.status))
    waiting = items.c.state == "open"
    by_tier = connection.execute(select(items.c.tier, func.count()).where(waiting).group_by(items.c.tier))
    by_state = connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
    undriven = runs.c.status.in_(("running", "committing"))
    unsettled = (
        select(func.count())
        .select_from(batch_members.join(batches, batches.c.batch_id == batch_members.c.batch_id))
        .where(batches.c.state == "open", batch_members.c.settled.is_(None))
    )
    watched = every(connection)
    return Counted(
        rounds={str(status): number for status, number in by_status},
        open_items={int(tier): number for tier, number in by_tier},
        oldest_item=connection.execute(select(func.min(items.c.opened)).where(waiting)).scalar(),
        oldest_undriven=connection.execute(select(func.min(runs.c.created)).where(undriven)).scalar(),
        outbox={str(state): number for state, number in by_state},
        unsettled=int(connection.execute(unsettled).scalar() or 0),
        beginnings=tally(connection),
        looked={one.rule: one.looked for one in watched if one.looked is not None},
        troubled=sum(one.problem is not None for one in watched),
        tasks=behind(connection) if tasks else None,
        copy=None if copy is None else unsent(connection, copy),
    )


def last_act(connection: Connection) -> int:
    """The number of the last act in the audit chain; 0 where there is none."""
    return int(connection.execute(select(audit_head.c.seq)).scalar() or 0)


def decided_since(connection: Connection, seq: int) -> tuple[Decided, ...]:
    """The decisions after this act of the audit chain, by whomever and on whatever machine, in order."""
    query = (
        select(audit.c.seq, audit.c.act, audit.c.at, items.c.opened)
        .join(items, items.c.item_id == audit.c.subject)
        .where(audit.c.seq > seq, audit.c.act.in_(_DECIDED))
        .order_by(audit.c.seq)
    )
    return tuple(
        Decided(seq=row.seq, verb=row.act.partition(".")[2], seconds=max(0.0, (row.at - row.opened).total_seconds()))
        for row in connection.execute(query)
    )
