"""Duties: whose each item is, who covers, and when its end without a decision was escalated."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.duty_tables import duties
from store.items import ItemRow, item_row
from store.tables import items


@dataclass(frozen=True, kw_only=True, slots=True)
class DutyRow:
    """Who answers for one item; names and roles, nothing of a patient."""

    item_id: str
    """The item."""
    why: str
    """The reason, as the policy gives it."""
    owner: str
    """Whose it is, in words."""
    owner_keys: tuple[str, ...]
    """What the owner is found by: `person:…` and `role:…`."""
    cover: str
    """Who covers, in words."""
    cover_keys: tuple[str, ...]
    """What the cover is found by."""
    cover_from: datetime
    """From when it is the cover's too, wall time."""
    escalate: str
    """Who is told when its time is over, in words."""
    escalate_keys: tuple[str, ...]
    """What they are found by."""
    escalated_at: datetime | None = None
    """When they were told, wall time."""


def put(connection: Connection, duty: DutyRow) -> bool:
    """Say whose an item is, once; returns whether nobody had."""
    return insert_if_absent(connection, duties, asdict(duty))


def of_items(connection: Connection, item_ids: Collection[str]) -> dict[str, DutyRow]:
    """The duties of these items, by item."""
    query = select(duties).where(duties.c.item_id.in_(sorted(item_ids)))
    return {row.item_id: _duty(dict(row._mapping)) for row in connection.execute(query)}


def escalate(connection: Connection, item_id: str, *, now: datetime) -> DutyRow | None:
    """Note that an item was escalated; gives its duty to the one call that did so, and `None` to every other."""
    done = connection.execute(
        update(duties).where(duties.c.item_id == item_id, duties.c.escalated_at.is_(None)).values(escalated_at=now)
    )
    return of_items(connection, [item_id])[item_id] if done.rowcount == 1 else None


def without(connection: Connection, most: int) -> tuple[ItemRow, ...]:
    """The open items of which nobody has said whose they are, those of an earlier release: at most so many."""
    there = exists().where(duties.c.item_id == items.c.item_id)
    query = select(items).where(items.c.state == "open", ~there).order_by(items.c.item_id).limit(most)
    return tuple(item_row(row) for row in connection.execute(query))


def _duty(values: dict[str, object]) -> DutyRow:
    for name in ("owner_keys", "cover_keys", "escalate_keys"):
        values[name] = tuple(values[name])  # type: ignore[arg-type]
    return DutyRow(**values)  # type: ignore[arg-type]
