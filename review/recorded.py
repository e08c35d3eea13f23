"""What the audit chain has on record of an item, to which the gate and the commit hold the store's own rows.

The rows of items, decisions, asks and the outbox can be changed by whoever owns the database. What was done is in the
chain too, so a row that says otherwise decides nothing and writes nothing.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from claims.canonical import canonical_bytes, read_exact, sha256_of
from claims.derived_id import derived_id
from review.audit import opening_detail
from review.decision import Decision
from review.errors import RecordDiffers
from review.item import Item
from review.opening import known_item, load_proposal
from store import asks, audit, decisions, outbox
from store.asks import AskRow as Ask
from store.audit import AuditRow
from store.database import Database, Transaction
from store.outbox import OutboxRow

_CLOSING = frozenset(
    f"item.{how}"
    for how in ("approved", "rejected", "revised", "edited", "expired", "stale", "superseded", "cancelled")
)

_WRITTEN = (
    *("outbox_id", "entry", "position", "part", "resource_type", "resource_id"),
    *("if_match", "restores", "body", "sha256", "group_sha256"),
)
"""The columns of an outbox row that the commit goes by."""


def check_open(connection: Transaction, item: Item, before: Sequence[Decision], asked: Sequence[Ask]) -> None:
    """Make sure that an item is open as it was opened, with what was signed and who was asked to sign, and no other.

    Raises:
        RecordDiffers: when it is not.
    """
    acts = acts_of(connection, item)
    _check_opening(item, acts)
    if any(act.act in _CLOSING for act in acts):
        raise RecordDiffers(item.item_id)
    _check_signatures(item, before, [act for act in acts if act.act == "item.signed"])
    _check_asks(item, asked, acts)


def due_rows(db: Database, item_id: str) -> tuple[OutboxRow, ...]:
    """What signatures allow to be written of an item, in writing order: byte for byte what they were given for.

    Raises:
        ItemNotFound: when there is no such item.
        ProposalDamaged: when what is stored of it does not match its hashes.
        RecordDiffers: when the rows are not those that the last signature made.
    """
    with db.read() as connection:
        rows = outbox.of_item(connection, item_id)
        if all(row.state not in ("pending", "sent") for row in rows):
            return rows
        item = known_item(connection, item_id)
        load_proposal(connection, item)
        acts = acts_of(connection, item)
        _check_opening(item, acts)
        given = [d for d in decisions.of_item(connection, item_id) if d.verb == "approve"]
        _check_signatures(item, given, [act for act in acts if act.act in ("item.signed", "item.approved")])
        _check_asks(item, asks.of_item(connection, item_id), acts)
        closing = [act for act in acts if act.act in _CLOSING]
        if item.state != "approved" or not closing or closing[-1].act != "item.approved":
            raise RecordDiffers(item_id)
        _check_rows(item, rows, closing[-1].detail)
        return rows


def rows_sha256(rows: Sequence[OutboxRow]) -> str:
    """SHA-256 over everything about these rows that says what is written, where, and over what."""
    content = [[getattr(row, name) for name in _WRITTEN] for row in rows]
    return hashlib.sha256(canonical_bytes(content)).hexdigest()


def acts_of(connection: Transaction, item: Item) -> tuple[AuditRow, ...]:
    """What the audit chain tells of an item, in order.

    Raises:
        RecordDiffers: when the chain does not hold there.
    """
    try:
        return audit.trail(connection, item.item_id)
    except audit.ChainBroken:
        raise RecordDiffers(item.item_id) from None


def _check_opening(item: Item, acts: Sequence[AuditRow]) -> None:
    """The item's row is the one that was opened; records of earlier releases name less of it."""
    if not acts or acts[0].act != "item.opened":
        raise RecordDiffers(item.item_id)
    opened = {"artifact": None, "expires_at": None, **acts[0].detail}
    now = {"run": item.run_id, "proposal": item.proposal_sha256, "tier": item.tier}
    rare = {name: value for name, value in opening_detail(item).items() if opened[name] is not None}
    if acts[0].at != item.opened or any(opened.get(name) != value for name, value in {**now, **rare}.items()):
        raise RecordDiffers(item.item_id)


def _check_signatures(item: Item, given: Sequence[Decision], acts: Sequence[AuditRow]) -> None:
    """Each signature is on record, and each on record is there."""
    recorded = [_signature(act) for act in acts]
    ids = {act.detail.get("decision") for act in acts} - {None}
    found = [(d.person, d.at, d.verb, list(d.roles), [list(e) for e in d.entries], d.policy_sha256) for d in given]
    same = sorted(map(repr, found)) == sorted(map(repr, recorded))
    same = same and all(
        (d.proposal_sha256, d.decision_id) == (item.proposal_sha256, derived_id("decision", item.item_id, d.person_key))
        for d in given
    )
    if not same or not ids <= {decision.decision_id for decision in given}:
        raise RecordDiffers(item.item_id)


def _check_asks(item: Item, asked: Sequence[Ask], acts: Sequence[AuditRow]) -> None:
    """Each ask is on record, and each on record is there: what is asked for binds."""
    names = ("proposal", "ask", "asked", "row")
    told = [(act.actor, act.at, *(act.detail.get(name) for name in names)) for act in acts if act.act == "item.asked"]
    found = [(one.person, one.at, item.proposal_sha256, one.ask_id, one.asked, asks.row_sha256(one)) for one in asked]
    if sorted(map(repr, found)) != sorted(map(repr, told)):
        raise RecordDiffers(item.item_id)


def _signature(act: AuditRow) -> tuple[Any, ...]:
    names = ("verb", "roles", "entries", "policy")
    return (act.actor, act.at, *(act.detail.get(name) for name in names))


def _check_rows(item: Item, rows: Sequence[OutboxRow], approved: dict[str, Any]) -> None:
    known = approved.get("rows")
    if known is not None:
        same = rows_sha256(rows) == known
    else:  # approved under an earlier release
        same = [row.sha256 for row in rows] == approved.get("sealed") and all(map(_intact, rows))
    if not same:
        raise RecordDiffers(item.item_id)


def _intact(row: OutboxRow) -> bool:
    try:
        return sha256_of(read_exact(row.body)) == row.sha256
    except ValueError:
        return False
