"""The review queue: what waits, whose it is, and one item with all that belongs to it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from review.audit import record
from review.decision import Decision
from review.errors import AlreadyDecided, NotAllowed
from review.item import Item, ItemState
from review.opening import known_item, load_proposal
from review.policy import Policy
from review.proposal import Proposal
from store import decisions, duties, items, outbox
from store.database import Database, Transaction
from store.outbox import OutboxRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One item, whole."""

    item: Item
    """The item."""
    proposal: Proposal
    """What it asks people to sign."""
    decisions: tuple[Decision, ...]
    """What was said so far, oldest first."""
    outbox: tuple[OutboxRow, ...]
    """What is written, once it is approved."""


def queue(db: Database, *, states: Collection[ItemState] | None = None) -> tuple[Item, ...]:
    """The items of these states, or all, oldest first."""
    with db.read() as connection:
        return items.by_state(connection, states)


def outbox_for(db: Database, item_id: str) -> tuple[OutboxRow, ...]:
    """What an item's signatures allow to be written, in writing order; empty until it is approved."""
    with db.read() as connection:
        return outbox.of_item(connection, item_id)


def show(db: Database, item_id: str) -> Shown:
    """One item with its proposal, decisions and writes, all of one moment.

    Raises:
        ItemNotFound: when there is none of this id.
        ProposalDamaged: when what is stored does not match its hashes.
    """
    with db.read() as connection:
        item = known_item(connection, item_id)
        return Shown(
            item=item,
            proposal=load_proposal(connection, item),
            decisions=decisions.of_item(connection, item_id),
            outbox=outbox.of_item(connection, item_id),
        )


def claim(db: Database, *, item_id: str, person: str, policy: Policy, now: datetime) -> Item:
    """Make an item `person`'s; it only says whose it is, and stops nobody from deciding.

    An open one is theirs to review. One that expired and was escalated is theirs to see to.

    Raises:
        ItemNotFound: when there is none of this id.
        NotAllowed: when the policy does not know the person as a reviewer, or it is another's.
        AlreadyDecided: when it is closed.
    """
    with db.write() as connection:
        item = known_item(connection, item_id)
        if not policy.may_review(person):
            raise NotAllowed("a reviewer known to the policy must claim it")
        if item.state != "open" and not _escalated(connection, item):
            raise AlreadyDecided(item_id, item.state, next_item=item.next_item)
        if not items.claim(connection, item_id, person=person, now=now, state=item.state):
            raise NotAllowed(f"it is {item.claimed_by}'s review, who must release it first")
        claimed = known_item(connection, item_id)
        record(connection, "item.claimed", claimed, actor=person, at=now)
        return claimed


def release(db: Database, *, item_id: str, person: str, policy: Policy, now: datetime) -> Item:
    """Make an item nobody's review again.

    Raises:
        ItemNotFound: when there is none of this id.
        NotAllowed: when the policy does not know the person as a reviewer.
    """
    with db.write() as connection:
        item = known_item(connection, item_id)
        if not policy.may_review(person):
            raise NotAllowed("a reviewer known to the policy must release it")
        items.release(connection, item_id)
        record(connection, "item.released", item, actor=person, at=now, claimed_by=item.claimed_by)
        return known_item(connection, item_id)


def _escalated(connection: Transaction, item: Item) -> bool:
    """Whether an item waits for somebody to see to it, because its time ran out."""
    duty = duties.of_items(connection, [item.item_id]).get(item.item_id)
    return item.state == "expired" and duty is not None and duty.escalated_at is not None
