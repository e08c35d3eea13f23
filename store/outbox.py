"""The outbox: every resource that signatures allow to be written, one row each, until the server has it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, select, update
from sqlalchemy.engine import Connection

from store.tables import outbox
from store.vault import open_text, place, seal_text

OutboxState = Literal["pending", "sent", "done", "refused", "kept"]
Part = Literal["device", "target", "provenance"]


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxRow:
    """One resource to write; the rows of one item and entry are one group, written together in order."""

    outbox_id: str
    """`ITEM-ENTRY-POSITION`; a receipt is known by it."""
    item_id: str
    """The approved item."""
    entry: int
    """The entry's number in the proposal, from 1."""
    position: int
    """The place in the group, from 1."""
    part: Part
    """`device` may stand on the server already, equal; `target` and `provenance` are this write's own."""
    resource_type: str
    """The FHIR type."""
    resource_id: str
    """The id to PUT to, chosen by us: the same at every attempt."""
    if_match: str | None
    """The version that the server must hold before this write; None when it must hold none."""
    body: str
    """The resource's JSON, decimals as signed; empty once it was removed when its time was over."""
    sha256: str
    """SHA-256 of the body's RFC 8785 form, in hex."""
    group_sha256: str
    """SHA-256 over the group's hashes, in hex."""
    state: OutboxState
    """`sent`: asked for, the answer not known; `refused`: the server said no and no attempt follows; `kept`: it stays
    here, because the server does not take such a resource."""
    attempts: int
    """How often it was sent."""
    last_error: str | None = None
    """Why the last attempt failed, without patient data."""
    stored_version: str | None = None
    """The version that the server gave it."""
    stored_sha256: str | None = None
    """SHA-256 of the RFC 8785 form of what was read back, without `meta` members that servers set."""
    stored_id: str | None = None
    """The id under which the server holds it: ours wherever the server lets us choose."""
    restores: str | None = None
    """The version of this resource that it brings back, when it is an undo that restores."""
    created: datetime
    """Wall time of the approval."""
    updated: datetime
    """Wall time of the last change."""


def append(connection: Connection, rows: Iterable[OutboxRow]) -> None:
    """Insert rows.

    Raises:
        sqlalchemy.exc.IntegrityError: when one of them stands there already.
    """
    values = [{**asdict(row), "body": seal_text(connection, row.body, _about(row.outbox_id))} for row in rows]
    if values:
        connection.execute(outbox.insert(), values)


def get(connection: Connection, outbox_id: str) -> OutboxRow | None:
    """The row, or None when there is none of that id."""
    row = connection.execute(select(outbox).where(outbox.c.outbox_id == outbox_id)).first()
    return None if row is None else _row(connection, row)


def of_item(connection: Connection, item_id: str) -> tuple[OutboxRow, ...]:
    """An item's rows in writing order: by entry, then by position."""
    query = select(outbox).where(outbox.c.item_id == item_id).order_by(outbox.c.entry, outbox.c.position)
    return _rows(connection, query)


def unfinished(connection: Connection) -> tuple[OutboxRow, ...]:
    """The rows of every item that are neither done nor refused, oldest first."""
    query = select(outbox).where(outbox.c.state.in_(("pending", "sent")))
    return _rows(connection, query.order_by(outbox.c.created, outbox.c.item_id, outbox.c.entry, outbox.c.position))


def mark_sent(connection: Connection, outbox_id: str, *, now: datetime) -> bool:
    """Say that an attempt begins, before it does; returns False when the row is done or refused."""
    return _move(connection, outbox_id, now, {"state": "sent", "attempts": outbox.c.attempts + 1})


def mark_failed(connection: Connection, outbox_id: str, *, error: str, now: datetime) -> bool:
    """Say that an attempt came to nothing and another may follow; returns False when the row is done or refused."""
    return _move(connection, outbox_id, now, {"state": "pending", "last_error": error})


def mark_done(
    connection: Connection, outbox_id: str, *, version: str, stored_sha256: str, stored_id: str, now: datetime
) -> bool:
    """Say that the server holds it; returns False when the row was done or refused before."""
    values = {
        "state": "done",
        "stored_version": version,
        "stored_sha256": stored_sha256,
        "stored_id": stored_id,
        "last_error": None,
    }
    return _move(connection, outbox_id, now, values)


def mark_refused(connection: Connection, outbox_id: str, *, error: str, now: datetime) -> bool:
    """Say that the server will not have it; returns False when the row was done or refused before."""
    return _move(connection, outbox_id, now, {"state": "refused", "last_error": error})


def mark_kept(connection: Connection, outbox_id: str, *, error: str, now: datetime) -> bool:
    """Say that the server will not have it and that it stays here; returns False when it was done or refused before."""
    return _move(connection, outbox_id, now, {"state": "kept", "last_error": error})


def _move(connection: Connection, outbox_id: str, now: datetime, values: dict[str, Any]) -> bool:
    done = connection.execute(
        update(outbox)
        .where(outbox.c.outbox_id == outbox_id, outbox.c.state.in_(("pending", "sent")))
        .values(values | {"updated": now})
    )
    return done.rowcount == 1


def _rows(connection: Connection, query: Any) -> tuple[OutboxRow, ...]:  # noqa: ANN401 (SQLAlchemy's own generics)
    rows: Iterable[Row[Any]] = connection.execute(query)
    return tuple(_row(connection, row) for row in rows)


def _row(connection: Connection, row: Row[Any]) -> OutboxRow:
    return OutboxRow(**{**row._mapping, "body": open_text(connection, row.body, _about(row.outbox_id))})


def _about(outbox_id: str) -> str:
    return place("outbox", "body", outbox_id)


def written_versions(connection: Connection, names: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Name and version of what this program has written under some names: it is not news to a round.

    Args:
        connection: the transaction.
        names: `Type/id`, as the server has it.

    Returns:
        `Type/id` and version; the version is empty where the server keeps none.
    """
    wanted = frozenset(names)
    query = select(outbox.c.resource_type, outbox.c.stored_id, outbox.c.stored_version).where(
        outbox.c.state == "done", outbox.c.stored_id.in_(sorted({name.partition("/")[2] for name in wanted}))
    )
    found = ((f"{kind}/{name}", version or "") for kind, name, version in connection.execute(query))
    return frozenset(one for one in found if one[0] in wanted)


def written_over(connection: Connection, row: OutboxRow) -> OutboxRow | None:
    """The write of ours that went over the version that `row` made; None when there is none."""
    query = select(outbox).where(
        outbox.c.state == "done",
        outbox.c.resource_type == row.resource_type,
        outbox.c.resource_id == row.stored_id,
        outbox.c.stored_id == row.stored_id,
        outbox.c.if_match == row.stored_version,
    )
    found = connection.execute(query).first()
    return None if found is None else _row(connection, found)
