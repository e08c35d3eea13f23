"""What a card's SMART link has the EHR hand over at the launch, so that it leads to one item."""

from __future__ import annotations

import re

_ITEM = re.compile(r"item:([0-9A-Za-z-]{1,80})")


def handed_over(item_id: str) -> str:
    """The `appContext` of a link to an item; it names nothing of a patient."""
    return f"item:{item_id}"


def item_of(said: object) -> str | None:
    """The item that an EHR hands over; `None` for anything else, which is not ours to read."""
    found = _ITEM.fullmatch(said) if isinstance(said, str) else None
    return found[1] if found else None
