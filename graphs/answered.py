"""What came of an item that a round waits for: how it was closed, and what the reviewer said who sent it back."""

from __future__ import annotations

from graphs.services import Services
from review.item import Item
from store import decisions, items, runs


def answered(services: Services, item_id: str) -> Item | None:
    """The closed item at the end of the chain of edits, or `None` while one of them is open."""
    with services.db.read() as connection:
        item = items.get(connection, item_id)
        while item and item.state == "superseded" and item.next_item:
            following = items.get(connection, item.next_item)
            if following is None or following.run_id != item.run_id:
                break
            item = following
    return None if item is None or item.state == "open" else item


def note_feedback(services: Services, item: Item) -> None:
    """A round that was sent back runs again, with the reviewer's words."""
    if item.state != "revised":
        return
    with services.db.write() as connection:
        words = next((d.words for d in decisions.of_item(connection, item.item_id) if d.verb == "revise"), None) or ""
        now = services.clock.now()
        runs.set_feedback(connection, item.run_id, words, now=now)
        runs.set_status(connection, item.run_id, from_={"awaiting_review"}, to="running", now=now)
