"""The audit chain: rows that only grow, each carrying the hash of the one before it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Text, select, type_coerce, update
from sqlalchemy.engine import Connection

from store.columns import instant_text, json_text
from store.database import insert_if_absent
from store.tables import audit, audit_head

GENESIS = "0" * 64
"""What stands for the hash before the first row."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditRow:
    """One act."""

    seq: int
    """From 1, without gaps."""
    at: datetime
    """Wall time."""
    actor: str
    """The person, or the part of the program, that acted."""
    act: str
    """What was done, as `item.opened`."""
    subject: str
    """The id of what it was done to."""
    detail: dict[str, Any]
    """Ids, hashes, codes and counts; no patient data."""
    previous: str
    """The hash of the row before it; `GENESIS` for the first."""
    hash: str
    """SHA-256 over all of the above, in hex."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainReport:
    """What checking the chain found."""

    rows: int
    """How many rows were read."""
    head: str
    """The hash of the last row: note it elsewhere, and nobody can rewrite what came before it unseen."""
    broken_at: int | None
    """The first sequence number at which the chain does not hold; None when it holds."""
    problem: str | None
    """What is wrong there, in one sentence."""


def append(
    connection: Connection, *, at: datetime, actor: str, act: str, subject: str, detail: Mapping[str, Any]
) -> AuditRow:
    """Add an act to the chain, in the transaction of what it records.

    Args:
        connection: of a `Database.write()`, which keeps other writers out until it ends.
        at: wall time.
        actor: who acted.
        act: what was done.
        subject: the id of what it was done to.
        detail: JSON without patient data.

    Returns:
        The row as it was written.
    """
    head = connection.execute(select(audit_head.c.seq, audit_head.c.hash)).first()
    seq, previous = (1, GENESIS) if head is None else (head.seq + 1, head.hash)
    hashed = _hash((seq, instant_text(at), actor, act, subject, json_text(detail), previous))
    row = AuditRow(
        seq=seq, at=at, actor=actor, act=act, subject=subject, detail=dict(detail), previous=previous, hash=hashed
    )
    connection.execute(audit.insert().values(asdict(row)))
    if not insert_if_absent(connection, audit_head, {"one": 1, "seq": seq, "hash": hashed}):
        connection.execute(update(audit_head).values(seq=seq, hash=hashed))
    return row


def rows(connection: Connection, *, subject: str | None = None) -> tuple[AuditRow, ...]:
    """The acts, or those on one subject, oldest first."""
    query = select(audit).order_by(audit.c.seq)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    return tuple(AuditRow(**row._mapping) for row in connection.execute(query))


def verify(connection: Connection) -> ChainReport:
    """Check that no row was changed, taken out, put in, put elsewhere or cut off at the end."""
    count, previous = 0, GENESIS
    # The columns as the text they are: a changed row may no longer be readable as what it was.
    a = audit.c
    at, detail = type_coerce(a.at, Text), type_coerce(a.detail, Text)
    query = select(a.seq, at, a.actor, a.act, a.subject, detail, a.previous, a.hash).order_by(a.seq)
    for row in connection.execute(query):
        problem = _problem(row, expected=count + 1, previous=previous)
        if problem is not None:
            return ChainReport(rows=count, head=previous, broken_at=count + 1, problem=problem)
        count, previous = count + 1, row.hash
    head = connection.execute(select(audit_head.c.seq, audit_head.c.hash)).first()
    if (count, previous) != ((0, GENESIS) if head is None else (head.seq, head.hash)):
        problem = f"Row {count + 1} and what may follow it are missing from the end of the chain."
        return ChainReport(rows=count, head=previous, broken_at=count + 1, problem=problem)
    return ChainReport(rows=count, head=previous, broken_at=None, problem=None)


def _problem(row: Row[Any], *, expected: int, previous: str) -> str | None:
    if row.seq != expected:
        return f"Row {expected} is missing."
    if row.previous != previous:
        return f"Row {expected} does not follow the row before it."
    if row.hash != _hash(tuple(row)[:-1]):
        return f"Row {expected} was changed."
    return None


def _hash(content: tuple[Any, ...]) -> str:
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
