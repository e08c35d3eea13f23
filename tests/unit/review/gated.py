"""An item before the gate: opened, signed, looked at."""

from typing import Any

from review.decision import DecisionOutcome
from review.gate import decide, open_item
from review.item import Item
from review.policy import Policy
from review.queue import show
from store.database import Database
from tests.unit.review.conftest import NOW, SOON, a_proposal

INSULIN = "Insulin glargine"


def opened(db: Database, policy: Policy, *drafts: Any, revision: int = 1) -> Item:
    return open_item(db, a_proposal(*drafts, policy=policy, revision=revision), policy=policy, now=NOW)


def approve(db: Database, item: Item, person: str, policy: Policy, **more: Any) -> DecisionOutcome:
    return decide(db, item_id=item.item_id, person=person, verb="approve", policy=policy, **({"now": SOON} | more))


def state(db: Database, item: Item) -> str:
    return show(db, item.item_id).item.state
