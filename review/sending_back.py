"""Whether an item may be sent back to be drafted again."""

from review.errors import NotDrafted, RevisedTooOften
from review.item import Item
from store import decisions, items, runs
from store.database import Transaction

REVISIONS = 5
"""How often a round may be sent back with words."""


def check_drafted(connection: Transaction, item: Item) -> None:
    """Refuse for what was prepared.

    Raises:
        NotDrafted: there is nobody to draft it again.
    """
    run = runs.get(connection, item.run_id)
    if run is not None and run.prepared_sha256 is not None:
        raise NotDrafted(item.item_id)


def check_revisions(connection: Transaction, item: Item) -> None:
    """Refuse where it was sent back too often.

    This decision is among those counted; it is undone with the transaction when it is one too many.

    Raises:
        RevisedTooOften: it was.
    """
    rounds_items = items.of_run(connection, item.run_id)
    sent_back = sum(d.verb == "revise" for one in rounds_items for d in decisions.of_item(connection, one.item_id))
    if sent_back > REVISIONS:
        raise RevisedTooOften(REVISIONS)
