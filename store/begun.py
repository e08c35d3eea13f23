"""Rounds that began by themselves, or won't, or wait: as a page tells of them, without whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from store.beginnings import How, State
from store.items import ItemState
from store.runs import RunStatus
from store.tables import items, runs
from store.watch_tables import beginnings, news, watches


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One of them."""

    rule: str
    """The rule."""
    tasks: tuple[str, ...]
    """The tasks of the round."""
    how: How
    """How the first of what began it came to be seen."""
    resources: int
    """Of how many resources; 0 where that is so long ago that it was forgotten."""
    detail: str | None
    """Why it was refused."""
    at: datetime
    """Wall time at which it began, or came up."""
    run_id: str
    """The round."""
    status: RunStatus | None
    """Where the round stands; None where none is on record."""
    item_id: str | None
    """The last item that it opened; None where it has none."""
    item_state: ItemState | None
    """How that item stands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """What waits of one rule."""

    rule: str
    """The rule."""
    number: int
    """How many rounds."""
    first: datetime
    """When the first of them is due."""


def latest(connection: Connection, *, server: str, state: State, most: int) -> tuple[Told, ...]:
    """What became of what was seen on a server, latest first.

    Args:
        connection: the transaction.
        server: its base address.
        state: what became of it.
        most: how many at the most.
    """
    b, w, n = beginnings.c, watches.c, news.c
    at = func.coalesce(b.begun, b.created)
    number = select(func.count()).where(n.watch_id == b.watch_id, n.beginning_id == b.beginning_id).scalar_subquery()
    query = (
        select(w.rule, b.tasks, b.how, b.detail, b.begun, b.created, b.run_id, runs.c.status, number.label("resources"))
        .join_from(beginnings, watches, w.watch_id == b.watch_id)
        .outerjoin(runs, runs.c.run_id == b.run_id)
        .where(w.server == server, b.state == state)
        .order_by(at.desc(), b.beginning_id)
        .limit(most)
    )
    rows = connection.execute(query).all()
    opened = select(items.c.run_id, items.c.item_id, items.c.state).where(items.c.run_id.in_([r.run_id for r in rows]))
    of_run = {one.run_id: one for one in connection.execute(opened.order_by(items.c.opened, items.c.revision))}
    return tuple(
        Told(
            rule=row.rule,
            tasks=tuple(row.tasks),
            how=row.how,
            resources=row.resources,
            detail=row.detail,
            at=row.begun or row.created,
            run_id=row.run_id,
            status=row.status,
            item_id=of_run[row.run_id].item_id if row.run_id in of_run else None,
            item_state=of_run[row.run_id].state if row.run_id in of_run else None,
        )
        for row in rows
    )


def later(connection: Connection, *, server: str, now: datetime) -> tuple[Waiting, ...]:
    """What waits of each rule until it is due: for what comes with it, or because a round began just before."""
    b, w = beginnings.c, watches.c
    query = (
        select(w.rule, func.count().label("number"), func.min(b.due).label("first"))
        .join_from(beginnings, watches, w.watch_id == b.watch_id)
        .where(w.server == server, b.state == "waiting", b.due > now)
        .group_by(w.rule)
        .order_by(w.rule)
    )
    return tuple(Waiting(rule=row.rule, number=row.number, first=row.first) for row in connection.execute(query))
