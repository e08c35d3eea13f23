"""Harm to signatures that were given, and to the writes that they allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import text

from claims.canonical import exact_bytes, read_exact, sha256_of
from claims.derived_id import derived_id
from review.queue import show
from store import decisions, outbox
from store.database import Transaction
from tests.decisions.forged import leaves, other, put
from tests.decisions.rows import Drawn, Harm, Rows


def forged_signature(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
    """A first signature that nobody gave, so that one is enough."""
    (given,) = decisions.of_item(connection, at.item("signed").item_id)
    item = at.item("open")
    key = drawn.choice(["ben okafor", "cyd stranger", "dan"])
    made = replace(
        given,
        decision_id=drawn.choice([f"{drawn.getrandbits(64):x}", derived_id("decision", item.item_id, key)]),
        item_id=item.item_id,
        person=key.title(),
        person_key=key,
        roles=drawn.choice([given.roles, ("attending",), ("pharmacist",)]),
        entries=tuple((entry.n, entry.sha256) for entry in show(at.db, item.item_id).proposal.entries),
        proposal_sha256=item.proposal_sha256,
    )
    return decisions.append(connection, made)


def signature_gone(name: str) -> Harm:
    def harm(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
        rows = decisions.of_item(connection, at.item(name).item_id)
        gone = drawn.choice(rows).decision_id
        connection.execute(text("DELETE FROM decisions WHERE decision_id = :gone"), {"gone": gone})
        return True

    return harm


def written(spell: Callable[[bytes, Drawn], bytes], *, hashed: bool) -> Harm:
    """The body of a write."""

    def harm(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
        row = drawn.choice(at.writes("approved"))
        body = spell(row.body.encode(), drawn)
        at.set_body(connection, row.outbox_id, body.decode())
        if hashed:
            at.set(connection, "outbox", "sha256", sha256_of(read_exact(body)), outbox_id=row.outbox_id)
        return body.decode() != row.body

    return harm


def changed_body(body: bytes, drawn: Drawn) -> bytes:
    value = read_exact(body)
    place = drawn.choice(list(leaves(value)))
    put(value, place, other(drawn, value, place))
    return exact_bytes(value)


def flipped_body(body: bytes, drawn: Drawn) -> bytes:
    at = drawn.randrange(len(body))
    return body[:at] + bytes([drawn.choice([c for c in b"abcdef0123456789" if c != body[at]])]) + body[at + 1 :]


def bodies_swapped(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
    one, two = drawn.sample([row for row in at.writes("approved") if row.part != "device"], 2)
    for row, body in ((one, two.body), (two, one.body)):
        at.set_body(connection, row.outbox_id, body)
    return True


def write_gone(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
    row = drawn.choice(at.writes("approved"))
    connection.execute(text("DELETE FROM outbox WHERE outbox_id = :row"), {"row": row.outbox_id})
    return True


def write_put_in(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
    """A further resource in the hand of a real approval."""
    row = drawn.choice(at.writes("approved"))
    outbox.append(connection, [replace(row, outbox_id=f"{row.item_id}-9-1", entry=9, position=drawn.randint(1, 3))])
    return True


def taken_back(at: Rows, connection: Transaction, drawn: Drawn) -> bool:
    """An item that was taken back is approved again, as far as its row says."""
    at.set(connection, "items", "state", drawn.choice(["stale", "cancelled"]), item_id=at.item("approved").item_id)
    return True
