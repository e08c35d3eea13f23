"""The audit chain: rows that only grow, each carrying the hash of the one before it."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Text, select, type_coerce, update
from sqlalchemy.engine import Connection

from store import told
from store.audit_head import head_of, holds, seal_of, sealed
from store.columns import instant_text, json_text
from store.database import HEAD_INFO, insert_if_absent
from store.tables import audit, audit_head

GENESIS = "0" * 64
"""What stands for the hash before the first row."""
_CODED = frozenset({"at", "detail"})


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
class Link:
    """One act with what its hash is over."""

    row: AuditRow
    """The act."""
    hashed: bytes
    """The bytes whose SHA-256 is the act's hash: a JSON list of its other members, as they are kept."""


class ChainBroken(Exception):
    """The audit chain does not hold: run `preround audit verify`, and compare it with a copy or a backup."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"The audit chain does not hold. {problem} Run `preround audit verify`.")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainReport:
    """What checking the chain found."""

    rows: int
    """How many rows were read."""
    head: str
    """The hash of the last row: noted elsewhere, it shows whoever rewrites what came before it."""
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
    head = head_of(connection)
    seq, previous = (1, GENESIS) if head is None else (head.seq + 1, head.hash)
    hashed = _hash((seq, instant_text(at), actor, act, subject, json_text(detail), previous))
    row = AuditRow(
        seq=seq, at=at, actor=actor, act=act, subject=subject, detail=dict(detail), previous=previous, hash=hashed
    )
    connection.execute(audit.insert().values(asdict(row)))
    # A seal that is broken stays so: the next act must not put a good one over an end that somebody made.
    seal = seal_of(connection, seq, hashed) if head is None or sealed(connection, head) else None
    if not insert_if_absent(connection, audit_head, {"one": 1, "seq": seq, "hash": hashed, "seal": seal}):
        connection.execute(update(audit_head).values(seq=seq, hash=hashed, seal=seal))
    connection.info[HEAD_INFO] = (seq, hashed)
    return row


def rows(connection: Connection, *, subject: str | None = None) -> tuple[AuditRow, ...]:
    """The acts, or those on one subject, oldest first."""
    query = select(audit).order_by(audit.c.seq)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    return tuple(AuditRow(**row._mapping) for row in connection.execute(query))


def links(connection: Connection, *, seq: int, previous: str, most: int) -> tuple[Link, ...]:
    """The acts after one, in order, each held to the one before it.

    Args:
        connection: the transaction.
        seq: the number of the act before; 0 before the first.
        previous: its hash; `GENESIS` before the first.
        most: how many at most.

    Raises:
        ChainBroken: when one of them was changed, or one is missing.
    """
    found = []
    for raw in connection.execute(select(*_written(audit)).where(audit.c.seq > seq).order_by(audit.c.seq).limit(most)):
        problem = _problem(raw, expected=seq + 1, previous=previous)
        if problem is not None:
            raise ChainBroken(problem)
        *content, hashed = tuple(raw)
        _, at, actor, act, subject, detail, _ = content
        row = AuditRow(
            seq=raw.seq,
            at=datetime.fromisoformat(at),
            actor=actor,
            act=act,
            subject=subject,
            detail=json.loads(detail),
            previous=previous,
            hash=hashed,
        )
        found.append(Link(row=row, hashed=_hashed(tuple(content))))
        seq, previous = raw.seq, hashed
    return tuple(found)


def trail(connection: Connection, subject: str) -> tuple[AuditRow, ...]:
    """The acts on one subject, oldest first, each held to its own hash and to the rows beside it.

    Raises:
        ChainBroken: when one was changed, or does not hang together with the one before or after it. Whether the whole
            chain holds only `verify` says.
    """
    before, after = audit.alias("before"), audit.alias("after")
    beside = audit.outerjoin(before, before.c.seq == audit.c.seq - 1).outerjoin(after, after.c.seq == audit.c.seq + 1)
    query = (
        select(*_written(audit), before.c.hash.label("hash_before"), after.c.previous.label("hash_after"))
        .select_from(beside)
        .where(audit.c.subject == subject)
        .order_by(audit.c.seq)
    )
    head = head_of(connection)
    found = []
    for row in connection.execute(query):
        following = row.hash_after or (head.hash if head is not None and head.seq == row.seq else None)
        if row.previous != (row.hash_before or GENESIS) or following != row.hash or _hash(tuple(row)[:7]) != row.hash:
            raise ChainBroken(f"Row {row.seq} is not as it was written.")
        found.append(_read(row))
    return tuple(found)


def verify(connection: Connection, noted: Collection[tuple[int, str]] = ()) -> ChainReport:
    """Check that no row of the chain was changed, taken out, put in, put elsewhere, cut off or computed anew.

    The rows are held to each other and to the head; the head to its seal, where the site has a key; the chain to the
    items, decisions and asks that it must tell of, and to the heads that were noted outside the database.

    Args:
        connection: the transaction.
        noted: sequence numbers and hashes of rows, as they were seen when they were written.
    """
    count, previous = 0, GENESIS
    left: dict[int, set[str]] = {}
    for seq, head in noted:
        left.setdefault(seq, set()).add(head)
    rewritten = None
    for row in connection.execute(select(*_written(audit)).order_by(audit.c.seq)):
        problem = _problem(row, expected=count + 1, previous=previous)
        if problem is not None:
            return ChainReport(rows=count, head=previous, broken_at=count + 1, problem=problem)
        count, previous = count + 1, row.hash
        if left.pop(count, {previous}) != {previous} and rewritten is None:
            rewritten = count
    broken_at, problem = _end(connection, count, previous, rewritten, min(left, default=None))
    return ChainReport(rows=count, head=previous, broken_at=broken_at, problem=problem)


def _end(
    connection: Connection, count: int, last: str, rewritten: int | None, missing: int | None
) -> tuple[int | None, str | None]:
    """What is wrong with a chain whose rows follow each other."""
    head = head_of(connection)
    if (count, last) != ((0, GENESIS) if head is None else (head.seq, head.hash)):
        return count + 1, f"Row {count + 1} and what may follow it are missing from the end of the chain."
    if rewritten is not None:
        return rewritten, f"Row {rewritten} is not the one that this machine noted: it and what follows was rewritten."
    if missing is not None:
        return count + 1, (
            f"This machine noted row {missing}, which is not there: the end was cut off, or an older copy put back."
        )
    if not holds(connection, head):
        return (
            count,
            "The head is not the one that was sealed under PREROUND_STATE_KEY: the end was cut off or rewritten.",
        )
    problem = told.problem(connection)
    return (None, None) if problem is None else (count + 1, problem)


def _written(table: FromClause) -> list[ColumnElement[Any]]:
    """The columns as the text they are: a changed row may no longer be readable as what it was."""
    return [type_coerce(column, Text).label(column.name) if column.name in _CODED else column for column in table.c]


def _read(row: Any) -> AuditRow:  # noqa: ANN401 (a row)
    """A row of `_written` columns whose hash holds, so that it can be read."""
    values = {column.name: row._mapping[column.name] for column in audit.c}
    return AuditRow(**{**values, "at": datetime.fromisoformat(row.at), "detail": json.loads(row.detail)})


def _problem(row: Row[Any], *, expected: int, previous: str) -> str | None:
    if row.seq != expected:
        return f"Row {expected} is missing."
    if row.previous != previous:
        return f"Row {expected} does not follow the row before it."
    if row.hash != _hash(tuple(row)[:-1]):
        return f"Row {expected} was changed."
    return None


def _hash(content: tuple[Any, ...]) -> str:
    return hashlib.sha256(_hashed(content)).hexdigest()


def _hashed(content: tuple[Any, ...]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
