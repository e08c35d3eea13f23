"""How fast a signature came, beside how long what it signed takes to read: a fact, and no verdict on who signed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from review.decision import Decision
from review.item import Item
from review.reading import WORDS_A_MINUTE, seconds_to_read


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """One signature's."""

    item_id: str
    """The item."""
    decision_id: str
    """The signature."""
    person: str
    """Who signed."""
    at: datetime
    """When."""
    seconds: float
    """From their claim, or from the item's opening without one, to the signature."""
    words: int
    """How many words there are to read in the item."""
    least: float
    """How many seconds these take."""

    @property
    def hurried(self) -> bool:
        """Whether it came sooner than that."""
        return self.seconds < self.least


def paces(
    item: Item, words: int, given: Iterable[Decision], *, words_a_minute: int = WORDS_A_MINUTE
) -> tuple[Pace, ...]:
    """The pace of each signature on an item, in the order in which they were given; other decisions have none.

    Args:
        item: the item.
        words: how many there are to read in it.
        given: its decisions.
        words_a_minute: how fast somebody reads who means to check.
    """
    least = seconds_to_read(words, words_a_minute)
    return tuple(
        Pace(
            item_id=item.item_id,
            decision_id=one.decision_id,
            person=one.person,
            at=one.at,
            seconds=seconds_taken(item, one),
            words=words,
            least=least,
        )
        for one in given
        if one.verb == "approve"
    )


def seconds_taken(item: Item, decision: Decision) -> float:
    """From the claim of who decided, or from the item's opening without one, to the decision."""
    claimed = item.claimed_at if item.claimed_by == decision.person else None
    begun = claimed if claimed is not None and claimed <= decision.at else item.opened
    return (decision.at - begun).total_seconds()
