"""How far the audit chain was copied to a FHIR server, and the rows that come next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from store.audit import GENESIS, Link, links
from store.database import insert_if_absent
from store.hook_tables import audit_copies
from store.tables import audit, audit_head, items


@dataclass(frozen=True, kw_only=True, slots=True)
class Copied:
    """How far the copy goes."""

    seq: int
    """The last row that the server has; 0 where it has none."""
    hash: str
    """Its hash; `store.audit.GENESIS` where it has none."""
    head: int
    """The last row of the chain."""
    last_error: str | None
    """Why the next row was not copied, without patient data."""

    @property
    def left(self) -> int:
        """How many rows the server does not have."""
        return max(0, self.head - self.seq)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsent:
    """How the copy falls short."""

    rows: int
    """Rows that the server does not have."""
    since: datetime | None
    """When the first of them was written; None where it has all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """One row to copy."""

    link: Link
    """The row with what its hash is over."""
    patient: str | None
    """The reference of the patient whose item it is about; None for an act on something else."""


def copied(connection: Connection, server: str) -> Copied:
    """How far the copy on a server goes."""
    head = int(connection.execute(select(audit_head.c.seq)).scalar() or 0)
    row = connection.execute(select(audit_copies).where(audit_copies.c.server == server)).first()
    if row is None:
        return Copied(seq=0, hash=GENESIS, head=head, last_error=None)
    return Copied(seq=row.seq, hash=row.hash, head=head, last_error=row.last_error)


def unsent(connection: Connection, server: str) -> Unsent:
    """How much of the chain a server does not have."""
    found = copied(connection, server)
    since = connection.execute(select(audit.c.at).where(audit.c.seq == found.seq + 1)).scalar()
    return Unsent(rows=found.left, since=since)


def following(connection: Connection, *, seq: int, previous: str, most: int) -> tuple[Due, ...]:
    """The rows after a place in the chain, in order, each held to the one before it.

    Raises:
        store.audit.ChainBroken: when the chain does not hold there.
    """
    found = links(connection, seq=seq, previous=previous, most=most)
    subjects = {link.row.subject for link in found}
    query = select(items.c.item_id, items.c.patient).where(items.c.item_id.in_(sorted(subjects)))
    patients = {row.item_id: row.patient for row in connection.execute(query)}
    return tuple(Due(link=link, patient=patients.get(link.row.subject)) for link in found)


def advance(connection: Connection, server: str, last: Link, *, now: datetime) -> None:
    """Note that the server has every row up to this one; nothing where it was known to have more."""
    _begin(connection, server, now)
    further = update(audit_copies).where(audit_copies.c.server == server, audit_copies.c.seq < last.row.seq)
    connection.execute(further.values(seq=last.row.seq, hash=last.row.hash, last_error=None, updated=now))


def stopped(connection: Connection, server: str, *, error: str, now: datetime) -> None:
    """Note why the next row was not copied."""
    _begin(connection, server, now)
    by_server = update(audit_copies).where(audit_copies.c.server == server)
    connection.execute(by_server.values(last_error=error, updated=now))


def _begin(connection: Connection, server: str, now: datetime) -> None:
    insert_if_absent(connection, audit_copies, {"server": server, "seq": 0, "hash": GENESIS, "updated": now})
