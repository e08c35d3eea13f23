"""A review item: one proposal in the queue, by its row in the store, and the ids and states that the gate gives it."""

from typing import Literal, get_args

from claims.derived_id import derived_id
from review.proposal import Proposal
from store.items import ItemRow as Item
from store.items import ItemState, Tier

__all__ = ["CLOSED", "Item", "ItemState", "SystemClose", "Tier", "item_id_of"]

CLOSED: frozenset[ItemState] = frozenset(get_args(ItemState)) - {"open"}
"""The states that an item never leaves, but for `revised`, which becomes `superseded` when its answer comes."""

SystemClose = Literal["expired", "stale", "superseded", "cancelled"]
"""The states that need no decision."""


def item_id_of(proposal: Proposal) -> str:
    """The item's id: the same proposal of the same round is the same item, however often a crash opens it again."""
    return derived_id("item", proposal.run_id, proposal.revision, proposal.proposal_sha256).replace("-", "")[:16]
