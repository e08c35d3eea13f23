"""What the campaigns try their harm on: items in every state and the chain that tells of them, all made by the gate."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from review.asking import Wish, ask, party_of
from review.gate import cancel, decide, mark_stale, open_item
from review.item import Item
from review.policy import Policy, load_policy
from review.proposal import propose
from review.queue import claim, release
from store import runs
from store.database import Transaction
from store.heads import Heads
from store.keyring import check_keys
from store.tables import audit_head
from store.vault import Vault, place
from tests.decisions.undone import Undone, unlocked
from tests.unit.review.conftest import AUTHOR, NOW, SOON, SOURCES, a_proposal, a_run, lab, medication, summary

KEY, OTHER = (base64.b64encode(bytes([n]) * 32).decode() for n in (7, 8))
ADA, BEN = "Ada Nowak", "Ben Okafor"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A database with rows of every kind."""

    db: Undone
    """Where they are; nothing keeps its tables from being changed."""
    policy: Policy
    """The rules."""
    items: Mapping[str, Item]
    """`open`, `signed` (once of twice), `approved`, `changing` (over a version), `over` (closed in all ways); `asked`
    and `agreed`: open, and approved, after somebody was asked to sign too."""
    seals: Mapping[int, str | None]
    """The seal that the head of the chain had at each row."""
    foreign: str
    """A seal of the last head under somebody else's key."""


@contextmanager
def ground(url: str, folder: Path, *, key: str | None = KEY, noting: bool = True) -> Iterator[Ground]:
    """Make it on a database with today's tables.

    Args:
        url: of the database.
        folder: where heads are noted.
        key: what state is sealed under; none without it.
        noting: whether heads are noted.
    """
    db = Undone(url, vault=Vault.of(key), heads=Heads(folder / "audit.heads") if noting else None)
    try:
        check_keys(db)
        policy = load_policy()
        with db.write() as connection:
            for run_id in ("run-1", "run-2", "run-3"):
                runs.create(connection, a_run(run_id))
        seals: dict[int, str | None] = {}
        items = dict(_items(db, policy, seals))
        unlocked(db)
        with db.read() as connection:
            head = _head(connection)
        sealed = Vault.of(OTHER).seal(f"{head.seq} {head.hash}".encode(), place("audit_head", "seal", "1"))
        foreign = f"\x01sealed:{Vault.of(OTHER).head}:{base64.b64encode(sealed).decode()}"
        yield Ground(db=db, policy=policy, items=items, seals=seals, foreign=foreign)
    finally:
        db.close()


def _items(db: Undone, policy: Policy, seals: dict[int, str | None]) -> Iterator[tuple[str, Item]]:
    def act(what: Any, *given: Any, **named: Any) -> Any:
        found = what(db, *given, **named)
        with db.read() as connection:
            head = _head(connection)
        seals[head.seq] = head.seal
        return found

    def sign(item: Item, person: str, **more: Any) -> Any:
        named = {"verb": "approve", **more}
        return act(decide, item_id=item.item_id, person=person, policy=policy, now=SOON, **named)

    def opened(revision: int, *drafts: Any, run_id: str = "run-1") -> Item:
        proposal = a_proposal(*drafts, policy=policy, run_id=run_id, revision=revision)
        found: Item = act(open_item, proposal, policy=policy, now=NOW)
        return found

    insulin = medication("Insulin glargine")
    yield "open", opened(1, summary(), lab(), insulin)
    beside = opened(2, summary("Another"), lab("Sodium"))
    yield "beside", beside
    signed = opened(3, summary("Signed once"), insulin)
    sign(signed, ADA)
    yield "signed", signed
    approved = opened(4, summary("Signed twice"), insulin)
    sign(approved, ADA)
    sign(approved, BEN)
    yield "approved", approved
    wish = Wish(party=party_of(BEN), words="Is the dose right?")
    for name, revision in (("asked", 12), ("agreed", 13)):
        item = opened(revision, summary(f"Of what is {name}"))
        act(ask, item_id=item.item_id, person=ADA, wish=wish, policy=policy, now=SOON)
        for person in (ADA, BEN) if name == "agreed" else ():
            sign(item, person)
        yield name, item
    yield "changing", _changing(db, policy, act, sign)
    ends: tuple[dict[str, Any], ...] = (
        {"verb": "reject", "code": "clutter"},
        {"verb": "revise", "words": "Shorter."},
        {"verb": "edit", "edited": {1: {**opened_resource(policy, 7), "title": "Shorter"}}},
    )
    for revision, end in enumerate(ends, start=5):
        over = opened(revision, run_id="run-2")
        act(claim, item_id=over.item_id, person=ADA, policy=policy, now=NOW)
        sign(over, ADA, **end)
        yield f"over {end['verb']}", over
    stale, cancelled = opened(9, run_id="run-3"), opened(10, run_id="run-3")
    sign(cancelled, ADA)
    act(mark_stale, item_id=stale.item_id, now=SOON)
    act(cancel, item_id=cancelled.item_id, person=BEN, now=SOON + timedelta(minutes=1))
    yield "over stale", stale
    yield "over cancelled", cancelled
    # The chain ends with acts that leave no row of their own: only its own hold can tell that they were cut off.
    for touch in (claim, release):
        act(touch, item_id=beside.item_id, person=ADA, policy=policy, now=SOON)


def opened_resource(policy: Policy, revision: int) -> dict[str, Any]:
    """The first resource of an unread proposal of `run-2`, with its id."""
    return a_proposal(policy=policy, run_id="run-2", revision=revision).entries[0].resource


def _changing(db: Undone, policy: Policy, act: Any, sign: Any) -> Item:
    """An approved item whose write goes over a version that was read."""
    base = {**lab("Potassium").resource, "id": "order-1", "meta": {"versionId": "3"}}
    draft = lab("Potassium", resource={**base, "note": [{"text": "Repeat."}]}, base=base)
    proposal = propose(
        run_id="run-1",
        patient="Patient/p1",
        as_of=NOW,
        revision=11,
        author=AUTHOR,
        drafts=[draft],
        based_on=[*SOURCES, "ServiceRequest/order-1/_history/3"],
        policy=policy,
    )
    item: Item = act(open_item, proposal, policy=policy, now=NOW)
    sign(item, ADA)
    return item


def _head(connection: Transaction) -> Any:
    return connection.execute(select(audit_head.c.seq, audit_head.c.hash, audit_head.c.seal)).one()
