"""Decisions: who said what about which item; rows are added and never changed, one a person and item."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, select
from sqlalchemy.engine import Connection

from store import artifacts
from store.database import insert_if_absent
from store.tables import decisions, items

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
    """Add a decision; returns False, and adds nothing, when that person has already decided that item.

    The words are an artifact, which the row names by its hash: a row can neither be sealed again nor removed.
    """
    values = asdict(decision) | {"words_sha256": None}
    if decision.words is not None:
        values |= {"words": None, "words_sha256": _keep_words(connection, decision, decision.words)}
    return insert_if_absent(connection, decisions, values)


def _keep_words(connection: Connection, decision: DecisionRow, words: str) -> str:
    # With the decision's id, so that equal words of two decisions have two addresses.
    value = {"decision": decision.decision_id, "words": words}
    run_id = connection.execute(select(items.c.run_id).where(items.c.item_id == decision.item_id)).scalar()
    return artifacts.put_json(connection, value, kind="words", run_id=run_id, now=decision.at)


def of_item(connection: Connection, item_id: str) -> tuple[DecisionRow, ...]:
    """An item's decisions, oldest first; without their words once these were removed when their time was over."""
    query = select(decisions).where(decisions.c.item_id == item_id).order_by(decisions.c.at, decisions.c.decision_id)
    return tuple(_decision(connection, row) for row in connection.execute(query))


def approvals(connection: Connection, item_ids: Collection[str]) -> dict[str, tuple[DecisionRow, ...]]:
    """The signatures on these items, by item, oldest first."""
    query = select(decisions).where(decisions.c.item_id.in_(sorted(item_ids)), decisions.c.verb == "approve")
    found: dict[str, tuple[DecisionRow, ...]] = {}
    for row in connection.execute(query.order_by(decisions.c.at, decisions.c.decision_id)):
        found[row.item_id] = (*found.get(row.item_id, ()), _decision(connection, row))
    return found


def with_codes(connection: Connection, codes: Iterable[str], *, patient: str | None = None) -> tuple[DecisionRow, ...]:
    """Rejections for one of these reasons, newest first; one patient's alone, where one is named."""
    wanted = sorted(codes)
    query = select(decisions).order_by(decisions.c.at.desc(), decisions.c.decision_id)
    if patient is None:
        query = query.where(decisions.c.verb == "reject", decisions.c.code.in_(wanted))
        return tuple(_decision(connection, row) for row in connection.execute(query))
    # By the patient's items alone: led by the reason, it would look at every patient's.
    query = query.join(items, items.c.item_id == decisions.c.item_id).where(items.c.patient == patient)
    rows = (row for row in connection.execute(query) if row.verb == "reject" and row.code in wanted)
    return tuple(_decision(connection, row) for row in rows)


def since(connection: Connection, moment: datetime | None) -> tuple[DecisionRow, ...]:
    """All decisions from a moment on, or all there are, oldest first."""
    query = select(decisions).order_by(decisions.c.at, decisions.c.decision_id)
    if moment is not None:
        query = query.where(decisions.c.at >= moment)
    return tuple(_decision(connection, row) for row in connection.execute(query))


def _decision(connection: Connection, row: Row[Any]) -> DecisionRow:
    values = dict(row._mapping)
    values["entries"] = tuple((n, sha256) for n, sha256 in values["entries"])
    for name in ("roles", "attested"):
        values[name] = tuple(values[name])
    sha256 = values.pop("words_sha256")
    if sha256 is not None:
        with suppress(artifacts.ArtifactPurged):
            values["words"] = artifacts.get_json(connection, sha256)["words"]
    return DecisionRow(**values)
