"""Opened sources: which reviewer opened which source of which item's revision, and when; references alone."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.duty_tables import opened_sources


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedRow:
    """One source that one person opened."""

    item_id: str
    """The item."""
    revision: int
    """Its revision."""
    proposal_sha256: str
    """The proposal that stood in it."""
    person: str
    """Who."""
    person_key: str
    """What tells them from others."""
    source: str
    """The reference, in the version that was shown, or `literature/` and the passage's id."""
    at: datetime
    """When for the first time, wall time."""


def append(connection: Connection, row: OpenedRow) -> bool:
    """Note an opening; returns False, and changes nothing, when that person had opened it already."""
    return insert_if_absent(connection, opened_sources, asdict(row))


def of_items(connection: Connection, item_ids: Collection[str]) -> dict[str, tuple[OpenedRow, ...]]:
    """What was opened of these items, by item, oldest first."""
    table = opened_sources
    query = select(table).where(table.c.item_id.in_(sorted(item_ids)))
    found: dict[str, tuple[OpenedRow, ...]] = {}
    for row in connection.execute(query.order_by(table.c.at, table.c.person_key, table.c.source)):
        found[row.item_id] = (*found.get(row.item_id, ()), OpenedRow(**row._mapping))
    return found
