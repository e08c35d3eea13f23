"""What was seen on a FHIR server, each version once; and the rounds that begin because of it, each once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.watch_tables import beginnings, news, watches

How = Literal["told", "asked"]
"""`told`: a notification rang; `asked`: the server was asked in its turn."""
State = Literal["waiting", "begun", "refused"]
_MANY = 400  # values in one IN


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One version of one resource."""

    reference: str
    """`Observation/1`."""
    version: str
    """Its `meta.versionId`, or the hash of its content on a server without versions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginning:
    """One round that is to begin, or began."""

    beginning_id: str
    """Sixteen hex digits."""
    watch_id: str
    """What was watched."""
    patient: str
    """The patient's reference, as the server's own resource names it."""
    tasks: tuple[str, ...]
    """The tasks of the round."""
    how: How
    """How the first of what began it came to be seen."""
    state: State
    """Where it stands."""
    detail: str | None = None
    """Why it was refused."""
    due: datetime
    """Not before this moment."""
    run_id: str
    """The round; derived, so that beginning it twice is beginning it once."""
    created: datetime
    """Wall time."""
    begun: datetime | None = None
    """Wall time at which it began."""


def unseen(connection: Connection, watch_id: str, found: Sequence[Seen]) -> list[Seen]:
    """What of this was not seen before, in order."""
    old: set[tuple[str, str]] = set()
    names = sorted({one.reference for one in found})
    for at in range(0, len(names), _MANY):
        query = select(news.c.reference, news.c.version).where(
            news.c.watch_id == watch_id, news.c.reference.in_(names[at : at + _MANY])
        )
        old |= {(row.reference, row.version) for row in connection.execute(query)}
    return [one for one in found if (one.reference, one.version) not in old]


def known(connection: Connection, watch_id: str, references: Collection[str]) -> frozenset[str]:
    """Which resources were seen before in any version."""
    names, found = sorted(references), set[str]()
    for at in range(0, len(names), _MANY):
        query = select(news.c.reference).where(
            news.c.watch_id == watch_id, news.c.reference.in_(names[at : at + _MANY])
        )
        found |= set(connection.execute(query).scalars())
    return frozenset(found)


def see(connection: Connection, watch_id: str, found: Sequence[tuple[Seen, str | None]], *, now: datetime) -> None:
    """Note versions as seen, each with the beginning that it belongs to, if it began anything."""
    rows = [{"watch_id": watch_id, **asdict(one), "beginning_id": name, "seen": now} for one, name in found]
    if rows:
        connection.execute(news.insert(), rows)


def forget(connection: Connection, watch_id: str, *, before: datetime) -> None:
    """Let go of what was seen so long ago that nobody will come with it again."""
    connection.execute(delete(news).where(news.c.watch_id == watch_id, news.c.seen < before))


def waiting(connection: Connection, watch_id: str, patient: str) -> Beginning | None:
    """The beginning for this patient that has not begun."""
    b = beginnings.c
    query = select(beginnings).where(b.watch_id == watch_id, b.patient == patient, b.state == "waiting")
    row = connection.execute(query).first()
    return None if row is None else _beginning(row._mapping)


def last_begun(connection: Connection, watch_id: str, patient: str) -> datetime | None:
    """When a round last began for this patient."""
    b = beginnings.c
    query = select(func.max(b.begun)).where(b.watch_id == watch_id, b.patient == patient)
    found: datetime | None = connection.execute(query).scalar()
    return found


def add(
    connection: Connection,
    *,
    watch_id: str,
    patient: str,
    tasks: tuple[str, ...],
    how: How,
    due: datetime,
    by: Seen,
    now: datetime,
) -> Beginning:
    """Have a round begin; its ids come from the first thing that was seen, so that this begins one round ever."""
    name = uuid5(NAMESPACE_OID, f"beginning:{watch_id}:{patient}:{by.reference}:{by.version}").hex[:16]
    made = Beginning(
        beginning_id=name,
        watch_id=watch_id,
        patient=patient,
        tasks=tasks,
        how=how,
        state="waiting",
        due=due,
        run_id=uuid5(NAMESPACE_OID, f"begun:{name}").hex[:16],
        created=now,
    )
    if insert_if_absent(connection, beginnings, {**asdict(made), "tasks": list(tasks)}):
        return made
    row = connection.execute(select(beginnings).where(beginnings.c.beginning_id == name)).one()
    return _beginning(row._mapping)


def due(
    connection: Connection, *, server: str, now: datetime, limit: int, off: Collection[tuple[str, ...]] = ()
) -> tuple[Beginning, ...]:
    """What may begin now, longest due first; nothing of the tasks in `off`."""
    b = beginnings.c
    query = (
        select(beginnings)
        .join(watches, watches.c.watch_id == b.watch_id)
        .where(watches.c.server == server, b.state == "waiting", b.due <= now)
        .where(b.tasks.not_in([list(tasks) for tasks in off]))
        .order_by(b.due, b.beginning_id)
        .limit(limit)
    )
    return tuple(_beginning(row._mapping) for row in connection.execute(query))


def tasks_due(connection: Connection, *, server: str, now: datetime) -> tuple[tuple[str, ...], ...]:
    """The tasks of what may begin now, each list once."""
    b = beginnings.c
    query = select(b.tasks).join(watches, watches.c.watch_id == b.watch_id).distinct()
    found = connection.execute(query.where(watches.c.server == server, b.state == "waiting", b.due <= now)).scalars()
    return tuple(tuple(tasks) for tasks in found)


def begun_since(connection: Connection, moment: datetime) -> int:
    """How many rounds began since."""
    query = select(func.count()).select_from(beginnings).where(beginnings.c.begun >= moment)
    return int(connection.execute(query).scalar_one())


def settle(connection: Connection, one: Beginning, state: State, *, now: datetime, detail: str | None = None) -> bool:
    """Say that it began, or won't; returns whether nobody else had."""
    b = beginnings.c
    begun = now if state == "begun" else None
    chosen = update(beginnings).where(b.beginning_id == one.beginning_id, b.state == "waiting")
    return connection.execute(chosen.values(state=state, detail=detail, begun=begun)).rowcount == 1


def causes(connection: Connection, beginning_id: str) -> tuple[Seen, ...]:
    """What began it."""
    query = select(news.c.reference, news.c.version).where(news.c.beginning_id == beginning_id)
    rows = connection.execute(query.order_by(news.c.reference, news.c.version))
    return tuple(Seen(reference=row.reference, version=row.version) for row in rows)


def tally(connection: Connection) -> dict[tuple[str, str], int]:
    """How many beginnings there are, by rule and state."""
    query = (
        select(watches.c.rule, beginnings.c.state, func.count())
        .join(watches, watches.c.watch_id == beginnings.c.watch_id)
        .group_by(watches.c.rule, beginnings.c.state)
    )
    return {(rule, state): int(number) for rule, state, number in connection.execute(query)}


def _beginning(row: object) -> Beginning:
    values = dict(row)  # type: ignore[call-overload]
    return Beginning(**{**values, "tasks": tuple(values["tasks"])})
