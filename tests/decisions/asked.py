"""Harm to who was asked to sign beside the first signer, which binds as long as it stands."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from store import artifacts, asks
from store.database import Transaction
from tests.decisions.rows import Drawn, Harm, Rows
from tests.unit.review.conftest import NOW

ASK = ("ask_id", "asked", "asked_keys", "person", "person_key", "words_sha256", "proposal_sha256", "at")
"""The columns of an ask; `item_id` is an ask that went elsewhere."""


def ask_gone(name: str) -> Harm:
    def harm(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
        connection.execute(text("DELETE FROM asks WHERE item_id = :item"), {"item": at.item(name).item_id})
        return True

    return harm


def ask_elsewhere(name: str, to: str) -> Harm:
    """An ask that stands at another item."""

    def harm(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
        at.set(connection, "asks", "item_id", at.item(to).item_id, item_id=at.item(name).item_id)
        return True

    return harm


def ask_put_in(name: str) -> Harm:
    """An ask that nobody made, so that the item waits for one more."""

    def harm(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
        (there,) = asks.of_item(connection, at.item("asked").item_id)
        role = drawn.choice(["attending", "pharmacist", "prescriber"])
        made = replace(
            there,
            ask_id=f"{drawn.getrandbits(64):x}",
            item_id=at.item(name).item_id,
            asked=f"a {role}",
            asked_keys=(f"role:{role}",),
        )
        return asks.append(connection, made, run_id=at.item(name).run_id) is not None

    return harm


def ask_reworded(name: str) -> Harm:
    """Other words in the mouth of who asked, rightly addressed."""

    def harm(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
        item = at.item(name)
        words = f"Sign it, it is all well: {drawn.getrandbits(32)}."
        sha256 = artifacts.put_json(connection, {"words": words}, kind="words", run_id=item.run_id, now=NOW)
        at.set(connection, "asks", "words_sha256", sha256, item_id=item.item_id)
        return True

    return harm
