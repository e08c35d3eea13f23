"""What is done about incidents: acts that only grow; the last ones say whose it is and whether it is closed."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Row, exists, func, select
from sqlalchemy.engine import Connection

from store import audit
from store.duty_tables import seeded_errors
from store.rollout_tables import incident_acts
from store.tables import decisions, items
from store.vault import open_text, place, seal_text

Act = Literal["taken", "noted", "closed", "reopened"]


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentAct:
    """One act."""

    act_id: str
    """Ten hex digits."""
    decision_id: str
    """The rejection that opened the incident."""
    act: Act
    """What was done: `taken` makes it the person's."""
    person: str
    """By whom."""
    words: str | None
    """What was found or done."""
    at: datetime
    """When, wall time."""


def append(
    connection: Connection,
    *,
    decision_id: str,
    item_id: str,
    act: Act,
    person: str,
    words: str | None,
    now: datetime,
) -> IncidentAct:
    """Add an act, with one in the audit chain, where the words are not."""
    done = IncidentAct(act_id=uuid4().hex[:10], decision_id=decision_id, act=act, person=person, words=words, at=now)
    seq = int(connection.execute(select(func.coalesce(func.max(incident_acts.c.seq), 0))).scalar_one()) + 1
    sealed = seal_text(connection, words, place("incident_acts", "words", done.act_id))
    connection.execute(incident_acts.insert().values(asdict(done) | {"words": sealed, "seq": seq}))
    audit.append(connection, at=now, actor=person, act=f"incident.{act}", subject=item_id, detail={})
    return done


def every(connection: Connection) -> tuple[IncidentAct, ...]:
    """All acts, oldest first."""
    query = select(incident_acts).order_by(incident_acts.c.seq)
    return tuple(_act(connection, row) for row in connection.execute(query))


def of_decision(connection: Connection, decision_id: str) -> tuple[IncidentAct, ...]:
    """The acts on one incident, oldest first."""
    query = select(incident_acts).where(incident_acts.c.decision_id == decision_id).order_by(incident_acts.c.seq)
    return tuple(_act(connection, row) for row in connection.execute(query))


def unclosed(connection: Connection, codes: Iterable[str]) -> tuple[str, ...]:
    """The items with a rejection for one of these reasons that is not closed; one statement, however many were closed.

    What a seeded error was rejected for is no incident: that error was ours.
    """
    last = (
        select(incident_acts.c.act)
        .where(incident_acts.c.decision_id == decisions.c.decision_id, incident_acts.c.act.in_(("closed", "reopened")))
        .order_by(incident_acts.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(items.c.item_id)
        .join(decisions, decisions.c.item_id == items.c.item_id)
        .where(decisions.c.verb == "reject", decisions.c.code.in_(sorted(codes)), last.is_distinct_from("closed"))
        .where(~exists().where(seeded_errors.c.run_id == items.c.run_id))
        .distinct()
        .order_by(items.c.item_id)
    )
    return tuple(connection.execute(query).scalars())


def _act(connection: Connection, row: Row[Any]) -> IncidentAct:
    words = open_text(connection, row.words, place("incident_acts", "words", row.act_id))
    return IncidentAct(
        act_id=row.act_id, decision_id=row.decision_id, act=row.act, person=row.person, words=words, at=row.at
    )
