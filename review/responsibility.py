"""Whose an item is: given at its opening, escalated once when its time runs out, taken up by who answers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from review.audit import PROGRAM, record
from review.item import Item
from review.policy import Policy
from store import duties, items
from store.database import Transaction
from store.duties import DutyRow as Duty

__all__ = ["Duty", "assign", "assign_waiting", "escalate"]

_AT_ONCE = 100


def assign(
    connection: Transaction, item: Item, *, services: Collection[str], policy: Policy, now: datetime
) -> dict[str, str]:
    """Say whose an item is, by the policy's rules of duty; gives what the audit says of it."""
    duty = policy.duty_of(tier=item.tier, tasks=item.tasks, services=services, at=now)
    row = Duty(
        item_id=item.item_id,
        why=duty.why,
        owner=str(duty.owner),
        owner_keys=duty.owner.keys,
        cover=str(duty.cover),
        cover_keys=duty.cover.keys,
        cover_from=now + duty.handover,
        escalate=str(duty.escalate),
        escalate_keys=duty.escalate.keys,
    )
    duties.put(connection, row)
    return {"owner": row.owner, "cover": row.cover, "escalate": row.escalate}


def assign_waiting(connection: Transaction, *, policy: Policy, now: datetime) -> tuple[Item, ...]:
    """Give an owner to open items that have none, because an earlier release opened them; returns those items.

    A store full of them is gone through call by call: others write in between.
    """
    found = duties.without(connection, _AT_ONCE)
    for item in found:
        said = assign(connection, item, services=(), policy=policy, now=now)
        record(connection, "item.assigned", item, actor=PROGRAM, at=now, **said)
    return found


def escalate(connection: Transaction, item: Item, *, now: datetime) -> None:
    """Tell, once, who is to hear that an item's time ran out; then it is nobody's until somebody takes it up."""
    duty = duties.escalate(connection, item.item_id, now=now)
    if duty is not None:
        items.release(connection, item.item_id)
        record(connection, "item.escalated", item, actor=PROGRAM, at=now, to=duty.escalate, claimed_by=item.claimed_by)
