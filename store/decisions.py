"""Decisions: who said what about which item; rows are added and never changed, one a person and item."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, select
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.tables import decisions

Verb = Literal["approve", "reject", "revise", "edit"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionRow:
    """One person's decision on one item."""

    decision_id: str
    """Derived from the item and the person."""
    item_id: str
    """The item decided."""
    person: str
    """The name as it was given."""
    person_key: str
    """The name without its case and spacing: what makes two decisions one person's."""
    roles: tuple[str, ...]
    """The roles that the policy gave the person at that moment."""
    verb: Verb
    """What was decided."""
    entries: tuple[tuple[int, str], ...]
    """The entries that it covers: number and SHA-256, in order."""
    code: str | None = None
    """Why it was rejected."""
    code_system: str | None = None
    """The code system of `code`."""
    words: str | None = None
    """The person's own words."""
    attested: tuple[str, ...] = ()
    """What the door vouched for: `evidence_opened`, `signed_in_again`."""
    proposal_sha256: str
    """The proposal that was decided."""
    policy_sha256: str
    """The policy that accepted the decision."""
    at: datetime
    """Wall time."""


def append(connection: Connection, decision: DecisionRow) -> bool:
    """Add a decision; returns False, and adds nothing, when that person has already decided that item."""
    return insert_if_absent(connection, decisions, asdict(decision))


def of_item(connection: Connection, item_id: str) -> tuple[DecisionRow, ...]:
    """An item's decisions, oldest first."""
    query = select(decisions).where(decisions.c.item_id == item_id).order_by(decisions.c.at, decisions.c.decision_id)
    return tuple(_decision(row) for row in connection.execute(query))


def with_codes(connection: Connection, codes: Iterable[str]) -> tuple[DecisionRow, ...]:
    """Rejections for one of these reasons, newest first."""
    query = (
        select(decisions)
        .where(decisions.c.verb == "reject", decisions.c.code.in_(sorted(codes)))
        .order_by(decisions.c.at.desc(), decisions.c.decision_id)
    )
    return tuple(_decision(row) for row in connection.execute(query))


def _decision(row: Row[Any]) -> DecisionRow:
    values = dict(row._mapping)
    values["entries"] = tuple((n, sha256) for n, sha256 in values["entries"])
    for name in ("roles", "attested"):
        values[name] = tuple(values[name])
    return DecisionRow(**values)
