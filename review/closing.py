"""Closing an item without a decision: its time is over, the chart moved, another took its place, the round ended."""

from datetime import datetime

from review.audit import PROGRAM, Act, record
from review.errors import AlreadyDecided, AlreadySent, ItemNotFound
from review.item import Item, SystemClose
from review.policy import Policy
from review.responsibility import assign_waiting, escalate
from store import items, outbox
from store.database import Database, Transaction

_ACTS: dict[SystemClose, Act] = {
    "expired": "item.expired",
    "stale": "item.stale",
    "superseded": "item.superseded",
    "cancelled": "item.cancelled",
}


def expire(db: Database, *, now: datetime, policy: Policy | None = None) -> tuple[Item, ...]:
    """Close every open item whose time is over at `now`, and escalate it; returns those that this call closed.

    Args:
        db: the database.
        now: wall time.
        policy: says whose the items are that an earlier release opened without an owner; they stay so without it.
    """
    with db.write() as connection:
        if policy is not None:
            assign_waiting(connection, policy=policy, now=now)
        overdue = items.overdue(connection, now)
        return tuple(close_open(connection, item, to="expired", now=now) for item in overdue)


def supersede(db: Database, *, item_id: str, by: str, now: datetime) -> Item:
    """Close an open item in favour of the item `by`.

    Raises:
        ItemNotFound: when there is none of either id.
        AlreadyDecided: when it is not open.
    """
    with db.write() as connection:
        item, _ = _known(connection, item_id), _known(connection, by)
        return close_open(connection, item, to="superseded", now=now, next_item=by)


def cancel(db: Database, *, item_id: str, person: str, now: datetime) -> Item:
    """Take an item back because its round ends; an approved one too, so long as nothing of it was sent.

    Raises:
        ItemNotFound: when there is none of this id.
        AlreadyDecided: when it is neither open nor approved.
        AlreadySent: when a write of it has begun.
    """
    with db.write() as connection:
        return withdraw(connection, _known(connection, item_id), to="cancelled", actor=person, now=now)


def mark_stale(db: Database, *, item_id: str, now: datetime, nothing_stored: bool = False) -> Item:
    """Take an item back because the chart moved; an approved one too, so long as nothing of it was written.

    Args:
        db: the database.
        item_id: the item.
        now: wall time.
        nothing_stored: the server was asked and holds nothing of the item, so that attempts that came to nothing do not
            count.

    Raises:
        ItemNotFound: when there is none of this id.
        AlreadyDecided: when it is neither open nor approved.
        AlreadySent: when a write of it has begun.
    """
    with db.write() as connection:
        item = _known(connection, item_id)
        return withdraw(connection, item, to="stale", actor=PROGRAM, now=now, nothing_stored=nothing_stored)


def close_open(
    connection: Transaction,
    item: Item,
    *,
    to: SystemClose,
    now: datetime,
    next_item: str | None = None,
    actor: str = PROGRAM,
) -> Item:
    """Close an item that is open, in a transaction that is under way.

    Raises:
        AlreadyDecided: when it is not open.
    """
    if not items.close(connection, item.item_id, to=to, now=now, next_item=next_item):
        raise AlreadyDecided(item.item_id, item.state, next_item=item.next_item)
    closed = _known(connection, item.item_id)
    record(connection, _ACTS[to], closed, actor=actor, at=now, next_item=next_item)
    if to == "expired":
        escalate(connection, closed, now=now)
        return _known(connection, item.item_id)
    return closed


def withdraw(
    connection: Transaction,
    item: Item,
    *,
    to: SystemClose,
    actor: str,
    now: datetime,
    nothing_stored: bool = False,
) -> Item:
    """Take an open or approved item back, in a transaction that is under way.

    Raises:
        AlreadyDecided: when it is neither open nor approved.
        AlreadySent: when a write of it was done, or has begun and `nothing_stored` is not said.
    """
    if item.state != "approved":
        return close_open(connection, item, to=to, now=now, actor=actor)
    rows = outbox.of_item(connection, item.item_id)
    begun = any(row.state != "pending" or row.attempts for row in rows)
    if any(row.state == "done" for row in rows) or (begun and not nothing_stored):
        raise AlreadySent(item.item_id)
    for row in rows:
        outbox.mark_refused(connection, row.outbox_id, error=f"The item is {to}; nothing was sent.", now=now)
    items.withdraw_approved(connection, item.item_id, to=to, now=now)
    withdrawn = _known(connection, item.item_id)
    record(connection, _ACTS[to], withdrawn, actor=actor, at=now)
    return withdrawn


def _known(connection: Transaction, item_id: str) -> Item:
    item = items.get(connection, item_id, lock=True)
    if item is None:
        raise ItemNotFound(item_id)
    return item
