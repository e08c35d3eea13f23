"""A decision: what one person said about one item, and what came of it."""

from dataclasses import dataclass
from typing import Literal

from review.item import Item
from review.policy import Slot
from review.reasons import Reason
from store.decisions import DecisionRow as Decision
from store.decisions import Verb

__all__ = ["Decision", "DecisionOutcome", "Outcome", "Verb"]

Outcome = Literal["approved", "signed", "rejected", "revised", "superseded"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionOutcome:
    """What the gate answers to a decision."""

    item: Item
    """The item as it stands now."""
    outcome: Outcome
    """`signed`: the signature counts and another one is missing; `superseded`: edited, and `next_item` is open."""
    decision: Decision
    """The row that was added."""
    signatures_missing: tuple[Slot, ...] = ()
    """What `signed` still waits for."""
    next_item: str | None = None
    """The item to decide next, after an edit."""
    seeded: bool = False
    """Whether the item was a copy with a known error, of which nothing is written."""
    reason: Reason | None = None
    """The coded reason of a rejection, which says whether it opens an incident or pauses the recommendation."""
