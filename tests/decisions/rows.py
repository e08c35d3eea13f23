"""The rows of the ground, for whoever changes them past the program."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from review.item import Item
from review.proposal import Proposal
from review.queue import outbox_for
from store import artifacts, audit
from store.database import Transaction
from store.outbox import OutboxRow
from store.tables import audit as audit_rows
from store.vault import place, seal_text
from tests.decisions.ground import Ground
from tests.unit.review.conftest import NOW


class Rows:
    """The rows of one ground.

    Args:
        ground: whose.
    """

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.db = ground.db
        self.hand: Proposal | None = None
        """What is brought to be opened in place of what was made."""
        self.shown: str | None = None
        """The hash that a page is said to have shown, in place of the one that it did."""

    def item(self, name: str) -> Item:
        """The row of one of the ground's items."""
        return self.ground.items[name]

    def artifact(self, connection: Transaction, name: str) -> bytes:
        """The stored bytes of an item's proposal."""
        return artifacts.get_bytes(connection, self.item(name).artifact_sha256)

    def store(self, connection: Transaction, name: str, body: bytes) -> None:
        """Put other bytes in its place, rightly addressed."""
        sha256 = artifacts.put_bytes(connection, body, kind="proposal", run_id=None, now=NOW)
        self.set(connection, "items", "artifact_sha256", sha256, item_id=self.item(name).item_id)

    def set(self, connection: Transaction, table: str, column: str, value: Any, **where: Any) -> None:
        """Change one column of some rows."""
        named = " AND ".join(f"{name} = :{name}" for name in where)
        connection.execute(text(f"UPDATE {table} SET {column} = :value WHERE {named}"), {"value": value, **where})  # noqa: S608

    def writes(self, name: str) -> tuple[OutboxRow, ...]:
        """The outbox of an approved item."""
        return outbox_for(self.db, self.item(name).item_id)

    def set_body(self, connection: Transaction, outbox_id: str, body: str) -> None:
        """Give a write another body, sealed as it must be."""
        sealed = seal_text(connection, body, place("outbox", "body", outbox_id))
        self.set(connection, "outbox", "body", sealed, outbox_id=outbox_id)

    def retell(self, connection: Transaction, name: str, drawn: random.Random) -> None:
        """Have one row of the chain tell something else of an item, under a hash of its own that fits."""
        query = text("SELECT * FROM audit WHERE subject = :item ORDER BY seq")
        row = dict(drawn.choice(connection.execute(query, {"item": self.item(name).item_id}).all())._mapping)
        row["detail"] = row["detail"].replace('"tier":', f'"told":{drawn.randint(1, 99)},"tier":')
        changed = audit._hash(tuple(row[column.name] for column in audit_rows.c)[:-1])
        for column, value in (("detail", row["detail"]), ("hash", changed)):
            self.set(connection, "audit", column, value, seq=row["seq"])


Drawn = random.Random
Harm = Callable[[Rows, Transaction, Drawn], bool]
"""Changes rows; False when what was drawn changes nothing."""
