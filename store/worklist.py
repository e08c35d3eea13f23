"""The queue read a page at a time: which items are wanted, in which order, from where on."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.engine import Connection

from store.columns import UtcInstant
from store.duty_tables import asks, duties
from store.items import ItemRow, ItemState, Tier, item_row
from store.tables import decisions, items, queue_views

Whose = Literal["anybody", "nobody", "me", "mine", "cover", "asked", "escalated"]
"""Everybody's; claimed by nobody; claimed by me; mine to do, by claim or as its owner; those that I cover; those that I
was asked to sign and have not; those that were escalated to me and that nobody took up."""
Order = Literal["urgent", "risk", "oldest", "latest"]
"""Critical and soonest to expire first; highest tier first; longest waiting first; what happened last first."""


class CursorUnusable(Exception):
    """Start again from the first page: this place in the queue is not one that a page of it has named."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which items, in which order."""

    state: ItemState | None = "open"
    """One state; all with `None`."""
    tier: Tier | None = None
    """One tier; any with `None`."""
    task: str | None = None
    """Items that answer this task."""
    critical: bool = False
    """Only those with a critical value."""
    claimed: Whose = "anybody"
    """Whose they are."""
    order: Order = "urgent"
    """How they stand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Me:
    """Who looks at the queue."""

    name: str
    """The name that they claim under."""
    key: str
    """What tells them from others as a signer."""
    keys: tuple[str, ...]
    """What duties and asks name them by: `person:…`, `role:…`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A run of the queue."""

    rows: tuple[ItemRow, ...]
    """The items."""
    following: str | None
    """Where the next page begins; `None` on the last."""


_CALM = case((items.c.critical > 0, 0), else_=1)
_LAST = func.coalesce(items.c.closed, items.c.opened, type_=items.c.opened.type)
_KEYS: dict[Order, tuple[ColumnElement[Any], ...]] = {
    "urgent": (_CALM, items.c.expires_at, items.c.item_id),
    "risk": (-items.c.tier, _CALM, items.c.expires_at, items.c.item_id),
    "oldest": (items.c.opened, items.c.item_id),
    "latest": (_LAST, items.c.item_id),
}


def page(connection: Connection, wanted: Wanted, *, me: Me | None, after: str | None = None, most: int = 50) -> Page:
    """Up to `most` items from a place in the queue on.

    Args:
        connection: the transaction.
        wanted: which.
        me: who looks, where it is known.
        after: `following` of the page before.
        most: how many.

    Raises:
        CursorUnusable: `after` is not what a page of this order gave.
    """
    keys = _KEYS[wanted.order]
    query = _filtered(select(items, *(key.label(f"key{n}") for n, key in enumerate(keys))), wanted, me)
    if after is not None:
        place = tuple_(*(literal(v, type_=k.type) for v, k in zip(_place(after, keys), keys, strict=True)))
        query = query.where(tuple_(*keys) < place if wanted.order == "latest" else tuple_(*keys) > place)
    down = wanted.order == "latest"
    rows = connection.execute(query.order_by(*(k.desc() if down else k for k in keys)).limit(most + 1)).all()
    more = len(rows) > most
    return Page(
        rows=tuple(item_row(row) for row in rows[:most]),
        following=_cursor([rows[most - 1]._mapping[f"key{n}"] for n in range(len(keys))]) if more else None,
    )


def count(connection: Connection, wanted: Wanted, *, me: Me | None) -> int:
    """How many items are wanted in all."""
    query = _filtered(select(func.count()).select_from(items), wanted, me)
    return int(connection.execute(query).scalar_one())


def counts(connection: Connection) -> dict[ItemState, int]:
    """How many items are in each state that has any."""
    query = select(items.c.state, func.count().label("number")).group_by(items.c.state)
    return {row.state: int(row.number) for row in connection.execute(query)}


def next_open(connection: Connection, item_id: str) -> ItemRow | None:
    """The open item to look at after this one, in order of urgency; from the top after the last, never itself."""
    keys = _KEYS["urgent"]
    here = select(*keys).where(items.c.item_id == item_id).subquery()
    place = tuple_(*(select(column).scalar_subquery() for column in here.c))
    others = select(items).where(items.c.state == "open", items.c.item_id != item_id).order_by(*keys).limit(1)
    row = connection.execute(others.where(tuple_(*keys) > place)).first() or connection.execute(others).first()
    return None if row is None else item_row(row)


def keep_view(connection: Connection, *, owner: str, name: str, wanted: Wanted, now: datetime) -> None:
    """Keep a view of the queue under a name of its owner's; one of that name before is replaced."""
    drop_view(connection, owner=owner, name=name)
    values = {"owner": owner, "name": name, "wanted": asdict(wanted), "created": now}
    connection.execute(insert(queue_views).values(values))


def drop_view(connection: Connection, *, owner: str, name: str) -> None:
    """Forget a view."""
    connection.execute(delete(queue_views).where(queue_views.c.owner == owner, queue_views.c.name == name))


def views(connection: Connection, owner: str) -> tuple[tuple[str, Wanted], ...]:
    """The views that a person keeps, by name."""
    query = select(queue_views).where(queue_views.c.owner == owner).order_by(queue_views.c.name)
    return tuple((row.name, replace(Wanted(), **row.wanted)) for row in connection.execute(query))


def _filtered(query: Select[Any], wanted: Wanted, me: Me | None) -> Select[Any]:
    if wanted.state is not None:
        query = query.where(items.c.state == wanted.state)
    if wanted.tier is not None:
        query = query.where(items.c.tier == wanted.tier)
    if wanted.task is not None:
        # The column is JSON kept as text, so a task stands there in its quotation marks.
        query = query.where(type_coerce(items.c.tasks, Text).contains(json.dumps(wanted.task), autoescape=True))
    if wanted.critical:
        query = query.where(items.c.critical > 0)
    return query if wanted.claimed == "anybody" else query.where(_whose(wanted.claimed, me))


def _whose(whose: Whose, me: Me | None) -> ColumnElement[bool]:
    free = items.c.claimed_by.is_(None)
    if whose == "nobody":
        return free
    if me is None:
        return false()
    claimed = items.c.claimed_by == me.name
    duty = exists().where(duties.c.item_id == items.c.item_id)
    if whose == "me":
        return claimed
    if whose == "mine":
        return claimed | (free & duty.where(_names(duties.c.owner_keys, me)))
    if whose == "cover":
        return (free | ~claimed) & duty.where(_names(duties.c.cover_keys, me))
    if whose == "escalated":
        return free & duty.where(duties.c.escalated_at.is_not(None), _names(duties.c.escalate_keys, me))
    signed = exists().where(decisions.c.item_id == items.c.item_id, decisions.c.person_key == me.key)
    return exists().where(asks.c.item_id == items.c.item_id, _names(asks.c.asked_keys, me)) & ~signed


def _names(column: ColumnElement[Any], me: Me) -> ColumnElement[bool]:
    """Whether a list of keys, JSON kept as text, names this person."""
    return or_(
        false(),
        *(type_coerce(column, Text).contains(json.dumps(k, ensure_ascii=False), autoescape=True) for k in me.keys),
    )


def _cursor(values: Sequence[Any]) -> str:
    plain = [one.isoformat() if isinstance(one, datetime) else one for one in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _place(cursor: str, keys: Sequence[ColumnElement[Any]]) -> list[Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(found, list) or len(found) != len(keys):
            raise CursorUnusable
        return [_typed(value, key) for value, key in zip(found, keys, strict=True)]
    except (ValueError, TypeError, binascii.Error):
        raise CursorUnusable from None


def _typed(value: object, key: ColumnElement[Any]) -> object:
    if isinstance(key.type, UtcInstant):
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            raise CursorUnusable
        return moment
    if not isinstance(value, int if key is not items.c.item_id else str) or isinstance(value, bool):
        raise CursorUnusable
    return value
