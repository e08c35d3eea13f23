"""Review items: one immutable proposal each; the state is the only thing about them that moves, and only from open."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, case, select, update
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.tables import items

ItemState = Literal["open", "approved", "rejected", "revised", "expired", "stale", "superseded", "cancelled"]
Tier = Literal[1, 2, 3, 4]


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemRow:
    """One item of the review queue."""

    item_id: str
    """Sixteen hex digits, derived from the run, the revision and the proposal's hash."""
    run_id: str
    """The round that it belongs to; its row must exist."""
    patient: str
    """The patient's reference."""
    tasks: tuple[str, ...]
    """The tasks of its entries, each once, in entry order."""
    tier: Tier
    """The highest tier of its entries."""
    state: ItemState
    """`revised`: sent back with words, and the next proposal is not there yet; then it becomes `superseded`."""
    revision: int
    """1 for a round's first proposal."""
    proposal_sha256: str
    """What a signature covers."""
    artifact_sha256: str
    """Where the proposal is kept."""
    policy_sha256: str
    """The policy that gave it its tier and its expiry."""
    opened: datetime
    """Wall time."""
    expires_at: datetime
    """Wall time from which it can no longer be decided."""
    closed: datetime | None = None
    """Wall time at which it left `open`."""
    claimed_by: str | None = None
    """Whose review it is."""
    claimed_at: datetime | None = None
    """Since when."""
    next_item: str | None = None
    """The item that took its place."""
    approved_entries: tuple[int, ...] | None = None
    """The entry numbers that were approved, once it is approved; the others were not."""
    critical: int = 0
    """How many critical values its round found."""
    card_sha256: str | None = None
    """The artifact that says in a line what it is; `None` for an item of an earlier release."""


def insert(connection: Connection, item: ItemRow) -> bool:
    """Insert an item unless one of its id stands there; returns whether it was inserted."""
    return insert_if_absent(connection, items, asdict(item))


def get(connection: Connection, item_id: str, *, lock: bool = False) -> ItemRow | None:
    """The item, or None when there is none of that id.

    Args:
        connection: the transaction.
        item_id: the item.
        lock: keep other writers of this item out until the transaction ends. On SQLite every `write()` does so anyway;
            on PostgreSQL two first signatures at once would else each miss the other.
    """
    query = select(items).where(items.c.item_id == item_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else item_row(row)


def close(
    connection: Connection,
    item_id: str,
    *,
    to: ItemState,
    now: datetime,
    next_item: str | None = None,
    approved_entries: tuple[int, ...] | None = None,
) -> bool:
    """Move an open item to a closed state; returns whether it was this call that closed it."""
    values = {"state": to, "closed": now, "next_item": next_item, "approved_entries": approved_entries}
    done = connection.execute(update(items).where(items.c.item_id == item_id, items.c.state == "open").values(values))
    return done.rowcount == 1


def link_next(connection: Connection, item_id: str, *, next_item: str) -> bool:
    """Say what took the place of a revised, stale or expired item, once; a revised one becomes superseded.

    Returns:
        Whether it was such an item.
    """
    done = connection.execute(
        update(items)
        .where(items.c.item_id == item_id, items.c.state.in_(("revised", "stale", "expired")))
        .where(items.c.next_item.is_(None))
        .values(state=case((items.c.state == "revised", "superseded"), else_=items.c.state), next_item=next_item)
    )
    return done.rowcount == 1


def withdraw_approved(connection: Connection, item_id: str, *, to: ItemState, now: datetime) -> bool:
    """Take an approved item back; the caller has made sure that none of its writes has begun."""
    done = connection.execute(
        update(items)
        .where(items.c.item_id == item_id, items.c.state == "approved")
        .values(state=to, closed=now, approved_entries=None)
    )
    return done.rowcount == 1


def claim(connection: Connection, item_id: str, *, person: str, now: datetime, state: ItemState = "open") -> bool:
    """Give an item in that state to `person` when it is nobody's or theirs; returns whether it is theirs now."""
    done = connection.execute(
        update(items)
        .where(items.c.item_id == item_id, items.c.state == state)
        .where(items.c.claimed_by.is_(None) | (items.c.claimed_by == person))
        .values(claimed_by=person, claimed_at=now)
    )
    return done.rowcount == 1


def release(connection: Connection, item_id: str) -> None:
    """Make an item nobody's."""
    connection.execute(update(items).where(items.c.item_id == item_id).values(claimed_by=None, claimed_at=None))


def by_state(connection: Connection, states: Iterable[ItemState] | None = None) -> tuple[ItemRow, ...]:
    """The items of these states, or all of them, oldest first."""
    query = select(items).order_by(items.c.opened, items.c.item_id)
    if states is not None:
        query = query.where(items.c.state.in_(sorted(states)))
    return tuple(item_row(row) for row in connection.execute(query))


def of_run(connection: Connection, run_id: str) -> tuple[ItemRow, ...]:
    """A round's items, oldest first."""
    query = select(items).where(items.c.run_id == run_id).order_by(items.c.opened, items.c.revision)
    return tuple(item_row(row) for row in connection.execute(query))


def of_patient(connection: Connection, patient: str) -> tuple[ItemRow, ...]:
    """All of a patient's items, oldest first."""
    query = select(items).where(items.c.patient == patient).order_by(items.c.opened, items.c.revision)
    return tuple(item_row(row) for row in connection.execute(query))


def open_of_patient(connection: Connection, patient: str) -> tuple[ItemRow, ...]:
    """A patient's open items, oldest first."""
    query = select(items).where(items.c.patient == patient, items.c.state == "open").order_by(items.c.opened)
    return tuple(item_row(row) for row in connection.execute(query))


def overdue(connection: Connection, now: datetime) -> tuple[ItemRow, ...]:
    """The open items whose time is over at `now`."""
    query = select(items).where(items.c.state == "open", items.c.expires_at <= now).order_by(items.c.expires_at)
    # One that somebody is deciding now is theirs to find expired.
    return tuple(item_row(row) for row in connection.execute(query.with_for_update(skip_locked=True)))


def item_row(row: Row[Any]) -> ItemRow:
    """An item from a row that has all its columns."""
    values = {column.name: row._mapping[column.name] for column in items.c}
    values["tasks"] = tuple(values["tasks"])
    if values["approved_entries"] is not None:
        values["approved_entries"] = tuple(values["approved_entries"])
    return ItemRow(**values)
