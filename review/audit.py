"""What is recorded of each act: person, verb, item, hashes, codes and counts; never what a chart says."""

from datetime import datetime
from typing import Any, Literal

from review.decision import Decision
from review.item import Item
from store import audit
from store.columns import instant_text
from store.database import Transaction

Act = Literal[
    "item.opened",
    "item.assigned",
    "item.escalated",
    "item.asked",
    "item.source_opened",
    "item.claimed",
    "item.released",
    "item.approved",
    "item.signed",
    "item.rejected",
    "item.revised",
    "item.edited",
    "item.seed_decided",
    "item.expired",
    "item.stale",
    "item.superseded",
    "item.cancelled",
]

PROGRAM = "preround"
"""The actor of what no person did."""


def record(connection: Transaction, act: Act, item: Item, *, actor: str, at: datetime, **detail: Any) -> None:  # noqa: ANN401 (any JSON value)
    """Add an act on an item to the chain, in the transaction of the act itself."""
    content = {"run": item.run_id, "proposal": item.proposal_sha256, "tier": item.tier, **detail}
    audit.append(connection, at=at, actor=actor, act=act, subject=item.item_id, detail=content)


def opening_detail(item: Item) -> dict[str, Any]:
    """What is recorded of an item when it is opened, beside what is recorded with every act."""
    return {
        "policy": item.policy_sha256,
        "artifact": item.artifact_sha256,
        "expires_at": instant_text(item.expires_at),
    }


def record_decision(connection: Transaction, act: Act, item: Item, decision: Decision, **detail: Any) -> None:  # noqa: ANN401 (any JSON value)
    """Add a decision to the chain; the words stay with the decision, which may hold patient data."""
    record(
        connection,
        act,
        item,
        actor=decision.person,
        at=decision.at,
        decision=decision.decision_id,
        verb=decision.verb,
        roles=list(decision.roles),
        entries=[list(entry) for entry in decision.entries],
        code=decision.code,
        policy=decision.policy_sha256,
        **detail,
    )
