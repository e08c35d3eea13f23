"""What the rows of the store say beside what the audit chain tells of them."""

from __future__ import annotations

import json

from sqlalchemy import Text, exists, select, type_coerce, union
from sqlalchemy.engine import Connection

from store import asks
from store.tables import audit, decisions, items


def problem(connection: Connection) -> str | None:
    """One thing that chain and rows do not say alike, in a sentence; None when there is none."""
    untold = _untold(connection)
    if untold is not None:
        return f"The chain does not tell of item {untold}: what it told was cut off, or the item put in."
    asked = _asked_otherwise(connection)
    if asked is not None:
        return (
            f"Whom somebody asked to sign item {asked} is not what the chain tells: the ask was changed, taken out or "
            "put in."
        )
    return None


def _untold(connection: Connection) -> str | None:
    """An item that the chain never saw opened, or on which a decision stands that it does not know."""
    told = audit.c.subject == items.c.item_id
    opened = exists().where(told, audit.c.act == "item.opened")
    d = decisions.c
    decided = exists().where(audit.c.subject == d.item_id, audit.c.at == d.at, audit.c.actor == d.person)
    either = union(select(items.c.item_id).where(~opened), select(d.item_id).where(~decided))
    found: str | None = connection.execute(either.limit(1)).scalar()
    return found


def _asked_otherwise(connection: Connection) -> str | None:
    """An item with an ask that the chain does not know as it stands, or without one of which it tells."""
    query = select(audit.c.subject, type_coerce(audit.c.detail, Text)).where(audit.c.act == "item.asked")
    told = {(item_id, _row(detail)) for item_id, detail in connection.execute(query)}
    return min((item_id for item_id, _ in told.symmetric_difference(asks.sums(connection))), default=None)


def _row(detail: str) -> str:
    """What the chain holds of the ask's row; nothing of one that nobody could have written."""
    try:
        return str(json.loads(detail)["row"])
    except (ValueError, TypeError, KeyError):
        return ""
