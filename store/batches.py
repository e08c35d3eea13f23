"""Batches: rounds for many patients. Their rows say what is still to do; a lost queue is made again from them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import Row, func, select, update
from sqlalchemy.engine import Connection

from store.batch_tables import batch_members, batches
from store.database import insert_if_absent
from store.tables import items, runs
from store.vault import open_text, place, seal_text

BatchState = Literal["open", "paused", "stopped"]
SEALED = ("question", "source")
"""What people typed, which may name somebody."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """One batch: what every round of it is asked to do."""

    batch_id: str
    """Ten hex digits."""
    source: str
    """Where its patients come from, in words, for lists: `group icu`."""
    tasks: tuple[str, ...]
    """The tasks of each round."""
    question: str | None = None
    """The words of the task `question`."""
    since: str | None = None
    """The FHIR date from which changes count."""
    as_of: datetime | None = None
    """Clinical now of each round; the moment at which it begins without one."""
    reasoner: str
    """Who words the drafts; a worker with another one leaves the batch alone."""
    state: BatchState
    """`open`: its rounds are begun; `paused`: none is begun until it is resumed; `stopped`: none will be."""
    created: datetime
    """Wall time."""
    updated: datetime
    """Wall time of the last change of its state."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One patient of a batch."""

    batch_id: str
    """The batch."""
    position: int
    """The place in its order, from 1."""
    patient: str
    """The patient's reference."""
    run_id: str
    """The round, whose row is made when it begins; derived, so that beginning it twice is beginning it once."""
    settled: datetime | None = None
    """Wall time at which the round first waited for a person, or ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberRow:
    """One line of a batch's report."""

    patient: str
    """The patient's reference."""
    run_id: str
    """The round."""
    status: str
    """The round's status; `waiting` before it begins."""
    detail: str | None
    """Why it stands so, where its row says."""
    item: str | None
    """Its newest review item."""


def member_run(batch_id: str, patient: str, attempt: int) -> str:
    """The id of a patient's round in a batch: sixteen hex digits; another attempt is another round."""
    return uuid5(NAMESPACE_OID, f"batch:{batch_id}:{patient}:{attempt}").hex[:16]


def create_if_absent(connection: Connection, batch: Batch, patients: Sequence[str]) -> bool:
    """Insert a batch with its patients, unless one of its id stands there; returns whether it was inserted."""
    values = asdict(batch)
    for name in SEALED:
        values[name] = seal_text(connection, values[name], place("batches", name, batch.batch_id))
    if not insert_if_absent(connection, batches, values):
        return False
    rows = [
        {
            "batch_id": batch.batch_id,
            "position": n,
            "patient": patient,
            "run_id": member_run(batch.batch_id, patient, 1),
            "settled": None,
        }
        for n, patient in enumerate(dict.fromkeys(patients), start=1)
    ]
    if rows:
        connection.execute(batch_members.insert(), rows)
    return True


def get(connection: Connection, batch_id: str) -> Batch | None:
    """The batch, or None when there is none of that id."""
    row = connection.execute(select(batches).where(batches.c.batch_id == batch_id)).first()
    return None if row is None else _batch(connection, row)


def every(connection: Connection) -> tuple[Batch, ...]:
    """All batches, newest first."""
    query = select(batches).order_by(batches.c.created.desc(), batches.c.batch_id)
    return tuple(_batch(connection, row) for row in connection.execute(query))


def set_state(connection: Connection, batch_id: str, state: BatchState, *, now: datetime) -> None:
    """Say whether its rounds are begun."""
    connection.execute(update(batches).where(batches.c.batch_id == batch_id).values(state=state, updated=now))


def member_of(connection: Connection, run_id: str) -> Member | None:
    """Whose round of which batch it is; None when it belongs to none."""
    row = connection.execute(select(batch_members).where(batch_members.c.run_id == run_id)).first()
    return None if row is None else Member(**row._mapping)


def unsettled(
    connection: Connection, *, reasoner: str, skip: Collection[str] = (), limit: int, batch_id: str | None = None
) -> tuple[Member, ...]:
    """The next members of open batches that are not through, in order.

    Args:
        connection: the transaction.
        reasoner: only batches that want this one.
        skip: rounds that somebody is at already.
        limit: so many at most.
        batch_id: this batch alone.
    """
    query = (
        select(batch_members)
        .join(batches, batches.c.batch_id == batch_members.c.batch_id)
        .where(batches.c.state == "open", batches.c.reasoner == reasoner, batch_members.c.settled.is_(None))
        .order_by(batches.c.created, batches.c.batch_id, batch_members.c.position)
        .limit(limit + len(skip))
    )
    if batch_id is not None:
        query = query.where(batches.c.batch_id == batch_id)
    found = (Member(**row._mapping) for row in connection.execute(query))
    return tuple(member for member in found if member.run_id not in skip)[:limit]


def settle(connection: Connection, run_id: str, *, now: datetime) -> None:
    """Say that a member is through: its round waits for a person, or ended. Said twice, the first time stays."""
    mine = (batch_members.c.run_id == run_id) & batch_members.c.settled.is_(None)
    connection.execute(update(batch_members).where(mine).values(settled=now))


def retry_failed(connection: Connection, batch_id: str) -> int:
    """Give each member whose round failed another round; returns how many."""
    query = (
        select(batch_members)
        .join(runs, runs.c.run_id == batch_members.c.run_id)
        .where(batch_members.c.batch_id == batch_id, runs.c.status == "failed")
    )
    failed = [Member(**row._mapping) for row in connection.execute(query)]
    for member in failed:
        attempt = 2
        while connection.execute(
            select(runs.c.run_id).where(runs.c.run_id == member_run(batch_id, member.patient, attempt))
        ).first():
            attempt += 1
        connection.execute(
            update(batch_members)
            .where(batch_members.c.batch_id == batch_id, batch_members.c.position == member.position)
            .values(run_id=member_run(batch_id, member.patient, attempt), settled=None)
        )
    return len(failed)


def counts(connection: Connection, batch_id: str) -> Mapping[str, int]:
    """How many members stand at each status of their round; `waiting` before it begins."""
    status = func.coalesce(runs.c.status, "waiting")
    counted = select(status, func.count())
    query = _with_runs(counted).where(batch_members.c.batch_id == batch_id).group_by(status)
    return Counter({str(name): int(number) for name, number in connection.execute(query)})


def to_settle(connection: Connection, batch_id: str) -> tuple[int, int]:
    """How many members are through, and how many there are."""
    query = select(func.count(batch_members.c.settled), func.count()).where(batch_members.c.batch_id == batch_id)
    done, all_ = connection.execute(query).one()
    return int(done), int(all_)


def report(connection: Connection, batch_id: str) -> Iterable[MemberRow]:
    """Every member with its round, in order."""
    newest = (
        select(items.c.item_id)
        .where(items.c.run_id == batch_members.c.run_id)
        .order_by(items.c.revision.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = (batch_members.c.patient, batch_members.c.run_id, runs.c.status, runs.c.status_detail, newest)
    query = _with_runs(select(*columns)).where(batch_members.c.batch_id == batch_id).order_by(batch_members.c.position)
    for patient, run_id, status, detail, item in connection.execute(query):
        yield MemberRow(patient=patient, run_id=run_id, status=status or "waiting", detail=detail, item=item)


def _with_runs(query: Any) -> Any:  # noqa: ANN401 (SQLAlchemy's own generics)
    return query.select_from(batch_members.outerjoin(runs, runs.c.run_id == batch_members.c.run_id))


def _batch(connection: Connection, row: Row[Any]) -> Batch:
    values = dict(row._mapping)
    values["tasks"] = tuple(values["tasks"])
    for name in SEALED:
        values[name] = open_text(connection, values[name], place("batches", name, row.batch_id))
    return Batch(**values)
