"""Legal holds: what must not be removed though its time is over, who said so, and why."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Row, exists, or_, select, update
from sqlalchemy.engine import Connection

from store import audit
from store.tables import holds, runs
from store.vault import open_text, place, seal_text

SEALED = ("reason", "lifted_reason")
"""What people typed, which may name somebody."""


class HoldUnknown(LookupError):
    """There is no such hold in force: list them with `preround hold list`."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """One hold."""

    hold_id: str
    """Ten hex digits."""
    subject: str
    """The patient's reference `Patient/…`, or the id of a round."""
    reason: str
    """Why."""
    person: str
    """Who set it."""
    at: datetime
    """When, wall time."""
    lifted_by: str | None = None
    """Who lifted it; None while it is in force."""
    lifted_at: datetime | None = None
    """When, wall time."""
    lifted_reason: str | None = None
    """Why."""


def set_hold(connection: Connection, *, subject: str, reason: str, person: str, now: datetime) -> Hold:
    """Keep everything of a patient, or of a round, until the hold is lifted; an act in the audit chain.

    Args:
        connection: of a `Database.write()`.
        subject: `Patient/…` or the id of a round.
        reason: why; it may hold patient data, so it stays out of the chain.
        person: who says so.
        now: wall time.
    """
    hold = Hold(hold_id=uuid4().hex[:10], subject=subject, reason=reason, person=person, at=now)
    sealed = seal_text(connection, reason, place("holds", "reason", hold.hold_id))
    connection.execute(holds.insert().values(asdict(hold) | {"reason": sealed}))
    audit.append(connection, at=now, actor=person, act="hold.set", subject=hold.hold_id, detail=_kind(subject))
    return hold


def lift(connection: Connection, hold_id: str, *, reason: str, person: str, now: datetime) -> Hold:
    """End a hold; an act in the audit chain.

    Raises:
        HoldUnknown: when there is none of that id in force.
    """
    found = next((one for one in every(connection) if one.hold_id == hold_id and one.lifted_at is None), None)
    if found is None:
        raise HoldUnknown
    sealed = seal_text(connection, reason, place("holds", "lifted_reason", hold_id))
    values = {"lifted_by": person, "lifted_at": now, "lifted_reason": sealed}
    connection.execute(update(holds).where(holds.c.hold_id == hold_id).values(values))
    detail = _kind(found.subject)
    audit.append(connection, at=now, actor=person, act="hold.lifted", subject=hold_id, detail=detail)
    return next(one for one in every(connection) if one.hold_id == hold_id)


def every(connection: Connection) -> tuple[Hold, ...]:
    """All holds, oldest first."""
    query = select(holds).order_by(holds.c.at, holds.c.hold_id)
    return tuple(_hold(connection, row) for row in connection.execute(query))


def held(subject: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a subject of another query is held now."""
    found: ColumnElement[bool] = exists().where(holds.c.subject == subject, holds.c.lifted_at.is_(None))
    return found


def run_held() -> ColumnElement[bool]:
    """Whether a round of another query is held, by itself or with its patient."""
    return or_(held(runs.c.run_id), held(runs.c.patient))


def _kind(subject: str) -> dict[str, Any]:
    """A round by its id; whose chart is held is in the row, not in the chain."""
    return {"on": "patient"} if subject.startswith("Patient/") else {"on": "round", "run": subject}


def _hold(connection: Connection, row: Row[Any]) -> Hold:
    values = dict(row._mapping)
    for name in SEALED:
        values[name] = open_text(connection, values[name], place("holds", name, row.hold_id))
    return Hold(**values)
