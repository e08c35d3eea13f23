"""Seeded errors: rounds that copy an invented one with one known error in it, and what reviewers made of each.

A trigger lets no row into the outbox for an item of such a round, and another keeps such a round from becoming an
ordinary one.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Row, func, select, update
from sqlalchemy.engine import Connection

from store import artifacts
from store.duty_tables import seeded_errors


@dataclass(frozen=True, kw_only=True, slots=True)
class SeededRow:
    """One known error."""

    run_id: str
    """The round that holds it, and nothing else."""
    copy_of: str
    """The item that it copies."""
    kind: str
    """What sort of error."""
    entry: int
    """The entry that holds it."""
    text_sha256: str
    """The artifact with the sentence as it was, and as it says now."""
    created: datetime
    """Wall time."""
    result: str | None = None
    """`caught`, `missed` or `left out`, once somebody decided; None before, and for what ran out."""
    decided: datetime | None = None
    """When, wall time."""


def append(connection: Connection, row: SeededRow) -> None:
    """Put one on record.

    Raises:
        sqlalchemy.exc.IntegrityError: when the round holds one already.
    """
    connection.execute(seeded_errors.insert().values(asdict(row)))


def of_run(connection: Connection, run_id: str) -> SeededRow | None:
    """The error that a round holds; None for every ordinary round."""
    found = connection.execute(select(seeded_errors).where(seeded_errors.c.run_id == run_id)).first()
    return None if found is None else _row(found)


def settle(connection: Connection, run_id: str, *, result: str, now: datetime) -> None:
    """Say what a reviewer made of it, once."""
    mine = update(seeded_errors).where(seeded_errors.c.run_id == run_id, seeded_errors.c.result.is_(None))
    connection.execute(mine.values(result=result, decided=now))


def every(connection: Connection) -> tuple[SeededRow, ...]:
    """All of them, oldest first."""
    query = select(seeded_errors).order_by(seeded_errors.c.created, seeded_errors.c.run_id)
    return tuple(map(_row, connection.execute(query)))


def rounds(connection: Connection) -> frozenset[str]:
    """The rounds that hold one; what is counted of ordinary work leaves these out."""
    return frozenset(connection.execute(select(seeded_errors.c.run_id)).scalars())


def by_kind(connection: Connection) -> dict[str, int]:
    """How many there are of each kind."""
    query = select(seeded_errors.c.kind, func.count().label("n")).group_by(seeded_errors.c.kind)
    return {row.kind: row.n for row in connection.execute(query)}


def texts(connection: Connection, row: SeededRow) -> tuple[str, str] | None:
    """The sentence as it was, and as it says now; None once these were removed when their time was over."""
    try:
        kept = artifacts.get_json(connection, row.text_sha256)
    except artifacts.ArtifactPurged:
        return None
    return str(kept["was"]), str(kept["says"])


def _row(found: Row[tuple[object, ...]]) -> SeededRow:
    return SeededRow(**found._mapping)
