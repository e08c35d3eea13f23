"""What was proposed in silence, and what the record shows was done."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, select, update
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.rollout_tables import silent_entries

Verdict = Literal["done", "not_done", "text", "gone"]
"""`text`: a draft that asks for nothing; `gone`: what it proposed was removed when its time was over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SilentEntry:
    """One entry that nobody was shown."""

    entry_id: str
    """Derived from the round and its number."""
    run_id: str
    """The round."""
    n: int
    """Its number among those of the round."""
    patient: str
    """The patient's reference."""
    task: str
    """The task that it came from."""
    kind: str
    """The resource's type."""
    site: str | None
    """Where the round belongs."""
    guideline: str | None
    """Canonical address of the recommendation that it stands on; None where it stands on none."""
    artifact_sha256: str
    """Where it is kept."""
    as_of: datetime
    """Clinical now of the round."""
    proposed: datetime
    """Wall time."""
    verdict: Verdict | None = None
    """What was done; None until it was compared."""
    found: tuple[str, ...] = ()
    """References of what in the record shows it."""
    compared: datetime | None = None
    """When, wall time."""


def insert(connection: Connection, entry: SilentEntry) -> bool:
    """Keep an entry, once; returns whether it was not there yet."""
    return insert_if_absent(connection, silent_entries, asdict(entry) | {"found": list(entry.found)})


def every(connection: Connection) -> tuple[SilentEntry, ...]:
    """All of them, oldest first."""
    return _rows(connection, select(silent_entries))


def waiting(connection: Connection, *, before: datetime | None = None) -> tuple[SilentEntry, ...]:
    """Those that were not compared yet, oldest first.

    Args:
        connection: the transaction.
        before: only those whose clinical now is earlier.
    """
    query = select(silent_entries).where(silent_entries.c.verdict.is_(None))
    return _rows(connection, query if before is None else query.where(silent_entries.c.as_of <= before))


def asked_already(connection: Connection, *, patient: str, guideline: str) -> bool:
    """Whether the same is proposed to the same patient in an entry that was not compared yet."""
    same = silent_entries.c.patient == patient, silent_entries.c.guideline == guideline
    return (
        connection.execute(select(silent_entries.c.entry_id).where(*same, silent_entries.c.verdict.is_(None))).first()
        is not None
    )


def settle(connection: Connection, entry_id: str, *, verdict: Verdict, found: Iterable[str], now: datetime) -> bool:
    """Say what was done, once; returns whether it was not said before."""
    mine = (silent_entries.c.entry_id == entry_id) & silent_entries.c.verdict.is_(None)
    values = {"verdict": verdict, "found": list(found), "compared": now}
    return connection.execute(update(silent_entries).where(mine).values(values)).rowcount == 1


def _rows(connection: Connection, query: Any) -> tuple[SilentEntry, ...]:  # noqa: ANN401 (SQLAlchemy's own generics)
    ordered = query.order_by(silent_entries.c.proposed, silent_entries.c.run_id, silent_entries.c.n)
    return tuple(_entry(row) for row in connection.execute(ordered))


def _entry(row: Row[Any]) -> SilentEntry:
    values = dict(row._mapping)
    return SilentEntry(**{**values, "found": tuple(values["found"] or ())})
