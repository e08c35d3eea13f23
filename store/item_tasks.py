"""Review items as Tasks on the FHIR server: which of them the server does not show yet as they stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, case, cast, exists, func, select, union_all, update
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.duty_tables import seeded_errors
from store.hook_tables import item_tasks
from store.items import ItemRow, item_row
from store.runs import FINISHED
from store.tables import audit, decisions, items, runs

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=6)
"""So long after a failure it is tried again; doubled each time."""
GIVEN_UP = 12
"""After so many failures a closed item is left as the server shows it: a day after the first."""
_NEVER_AGAIN = ("rejected", "expired", "stale", "superseded", "cancelled")


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """An item as it stands, and what the server was last known to show of it."""

    item: ItemRow
    """The item."""
    outcome: str
    """The status of its round, once it is approved; empty before."""
    signatures: int
    """How many people approved it so far."""
    signer: str | None
    """Who decided last."""
    signature: str
    """All of that in a line, to see whether it changed."""
    stored_id: str | None
    """The Task's id on the server, once it is known."""

    @property
    def settled(self) -> bool:
        """Whether it will not change any more."""
        return self.item.state in _NEVER_AGAIN or (self.item.state == "approved" and self.outcome in FINISHED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Behind:
    """How the server's view falls short."""

    items: int
    """Items that the server does not show as they stand."""
    since: datetime | None
    """When the one of them last moved that has not moved for longest; None where there is none."""
    shown: int
    """Items that it shows, or showed when they were closed."""
    last_error: str | None
    """Why one of them is not shown, without patient data."""


def due(connection: Connection, *, now: datetime, most: int) -> tuple[str, ...]:
    """Ids of items that the server does not show as they stand and that may be tried now, the oldest first."""
    fresh, changed = _unshown(items.c.item_id, items.c.opened)
    found = union_all(fresh, changed.where(item_tasks.c.again <= now)).subquery()
    query = select(found.c.item_id).order_by(found.c.opened, found.c.item_id).limit(most)
    return tuple(connection.execute(query).scalars())


def behind(connection: Connection) -> Behind:
    """How much of the queue the server does not show."""
    unshown = union_all(*_unshown(_moved().label("moved"))).subquery()
    number, since = connection.execute(select(func.count(), func.min(unshown.c.moved)).select_from(unshown)).one()
    shown = select(func.count()).where(item_tasks.c.shown.is_not(None))
    failed = select(item_tasks.c.last_error).where(item_tasks.c.last_error.is_not(None))
    return Behind(
        items=int(number),
        since=since,
        shown=int(connection.execute(shown).scalar_one()),
        last_error=connection.execute(failed.order_by(item_tasks.c.again.desc()).limit(1)).scalar(),
    )


def standing(connection: Connection, item_id: str) -> Standing:
    """One item as it stands in this transaction; there must be one of that id."""
    signer = (
        select(decisions.c.person)
        .where(decisions.c.item_id == items.c.item_id)
        .order_by(decisions.c.at.desc(), decisions.c.decision_id)
        .limit(1)
        .scalar_subquery()
    )
    more = (_outcome().label("outcome"), _signed().label("signatures"), signer.label("signer"))
    query = select(items, *more, _signature().label("signature"), item_tasks.c.stored_id)
    rounds = items.join(runs, runs.c.run_id == items.c.run_id)
    tasks = rounds.outerjoin(item_tasks, item_tasks.c.item_id == items.c.item_id)
    row = connection.execute(query.select_from(tasks).where(items.c.item_id == item_id)).one()
    return Standing(
        item=item_row(row),
        outcome=row.outcome,
        signatures=row.signatures,
        signer=row.signer,
        signature=row.signature,
        stored_id=row.stored_id,
    )


def begin(connection: Connection, item_id: str, *, now: datetime) -> None:
    """Note that a Task of this item may be on the server from now on, before it is sent."""
    values = {"item_id": item_id, "settled": False, "attempts": 0, "again": now}
    insert_if_absent(connection, item_tasks, values)


def shown(connection: Connection, found: Standing, *, stored_id: str) -> None:
    """Note that the server shows an item as it stood."""
    values = {"stored_id": stored_id, "shown": found.signature, "settled": found.settled, "attempts": 0}
    by_item = update(item_tasks).where(item_tasks.c.item_id == found.item.item_id)
    connection.execute(by_item.values(**values, last_error=None))


def failed(connection: Connection, item_id: str, *, error: str, closed: bool, now: datetime) -> None:
    """Note that the server would not show it; it is tried again later, a closed item not for ever."""
    mine = item_tasks.c.item_id == item_id
    attempts = int(connection.execute(select(item_tasks.c.attempts).where(mine)).scalar_one()) + 1
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 12))
    values = {"attempts": attempts, "again": now + wait, "last_error": error}
    connection.execute(update(item_tasks).where(mine).values(**values, settled=closed and attempts >= GIVEN_UP))


def ours(connection: Connection, names: Iterable[str]) -> frozenset[str]:
    """Those of these names (`Type/id`) that are Tasks of items: what becomes of them is no news to a round."""
    wanted = {name.partition("/")[2]: name for name in names if name.startswith("Task/")}
    if not wanted:
        return frozenset()
    query = select(item_tasks.c.stored_id).where(item_tasks.c.stored_id.in_(sorted(wanted)))
    return frozenset(wanted[stored_id] for stored_id in connection.execute(query).scalars())


def _unshown(*columns: ColumnElement[Any]) -> tuple[Select[Any], Select[Any]]:
    """Items that wait and have no Task, and those whose Task does not show them as they stand; each by an index."""
    mine, ours = item_tasks.c.item_id == items.c.item_id, exists().where(seeded_errors.c.run_id == items.c.run_id)
    rounds = items.join(runs, runs.c.run_id == items.c.run_id)
    fresh = select(*columns).select_from(rounds).where(items.c.state == "open", ~exists().where(mine).correlate(items))
    moved = item_tasks.c.settled.is_(False) & func.coalesce(item_tasks.c.shown != _signature(), True)
    changed = select(*columns).select_from(rounds.join(item_tasks, mine)).where(moved)
    return fresh.where(~ours), changed.where(~ours)


def _moved() -> ColumnElement[datetime]:
    """When an item last moved: it, or the round that writes what was approved of it."""
    acts = select(func.max(audit.c.at)).where(audit.c.subject == items.c.item_id).scalar_subquery()
    last = func.coalesce(acts, items.c.opened)
    written = (items.c.state == "approved") & (runs.c.updated > last)
    return case((written, runs.c.updated), else_=last)


def _outcome() -> ColumnElement[str]:
    return case((items.c.state == "approved", runs.c.status), else_="")


def _signed() -> ColumnElement[int]:
    mine = (decisions.c.item_id == items.c.item_id) & (decisions.c.verb == "approve")
    return select(func.count()).select_from(decisions).where(mine).scalar_subquery()


def _signature() -> ColumnElement[str]:
    owner = func.coalesce(items.c.claimed_by, "")
    return items.c.state + "|" + _outcome() + "|" + cast(_signed(), Text) + "|" + owner
