"""The queue a page at a time, each item with its card, and the views of it that people keep."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from review.card import Card, card_of, read_card, removed
from review.errors import GateError
from review.item import Item, ItemState
from review.opening import load_proposal
from review.policy import Policy, person_key
from review.queue import claim, release
from store import runs, worklist
from store.database import Database, Transaction
from store.worklist import CursorUnusable, Me, Order, Wanted, Whose

__all__ = ["CursorUnusable", "Me", "Order", "Wanted", "Whose"]

MOST_VIEWS = 20
"""So many views one person may keep."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One item with its card."""

    item: Item
    """The item."""
    card: Card | None
    """What the queue shows of it; `None` for an item of an earlier release."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """A page of the queue."""

    lines: tuple[Line, ...]
    """The items, in the order wanted."""
    following: str | None
    """Where the next page begins; `None` on the last."""
    total: int
    """How many are wanted in all."""
    counts: dict[ItemState, int]
    """How many items are in each state that has any."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """What came of claiming several items."""

    done: tuple[str, ...]
    """The items that are the person's now, or nobody's again."""
    refused: tuple[tuple[str, str], ...]
    """Item and why not."""


def lines(db: Database, wanted: Wanted, *, me: Me | None = None, after: str | None = None, most: int = 50) -> Lines:
    """A page of the queue, all of one moment.

    Raises:
        CursorUnusable: `after` is not what a page of this order gave.
        store.artifacts.ArtifactMissing, ArtifactDamaged: a card is not what was kept.
    """
    with db.read() as connection:
        page = worklist.page(connection, wanted, me=me, after=after, most=most)
        return Lines(
            lines=tuple(Line(item=row, card=_kept(connection, row)) for row in page.rows),
            following=page.following,
            total=worklist.count(connection, wanted, me=me),
            counts=worklist.counts(connection),
        )


def narrowed(db: Database, wanted: Wanted, *, me: Me | None) -> tuple[Item, ...]:
    """Every item that is wanted, in the order wanted."""
    with db.read() as connection:
        return worklist.page(connection, wanted, me=me, most=worklist.count(connection, wanted, me=me)).rows


def cards_of(db: Database, found: Iterable[Item]) -> dict[str, Card]:
    """The cards of items, by item; of an earlier release's, what its proposal says."""
    with db.read() as connection:
        return {
            item.item_id: _kept(connection, item) or card_of(load_proposal(connection, item), None) for item in found
        }


def _kept(connection: Transaction, item: Item) -> Card | None:
    run = runs.get(connection, item.run_id)
    if run is not None and run.purged is not None:
        return removed(item.patient)
    return None if item.card_sha256 is None else read_card(connection, item.card_sha256)


def waiting(db: Database) -> tuple[int, int]:
    """How many items wait, and how many of them have a critical value."""
    with db.read() as connection:
        return (
            worklist.count(connection, Wanted(), me=None),
            worklist.count(connection, Wanted(critical=True), me=None),
        )


MINE: Mapping[Whose, ItemState] = {"mine": "open", "cover": "open", "asked": "open", "escalated": "expired"}
"""The views of what concerns a person, each with the state in which items of it wait."""


def concerning(db: Database, me: Me) -> dict[Whose, int]:
    """How many items wait for a person: as their owner, their cover, asked to sign, told that the time ran out."""
    with db.read() as connection:
        return {
            whose: worklist.count(connection, Wanted(state=state, claimed=whose), me=me)
            for whose, state in MINE.items()
        }


def next_open(db: Database, item_id: str) -> Item | None:
    """The open item to look at after this one."""
    with db.read() as connection:
        return worklist.next_open(connection, item_id)


def claim_all(
    db: Database, item_ids: Collection[str], *, person: str, policy: Policy, now: datetime, free: bool = False
) -> Claimed:
    """Claim items for a person, or make them nobody's with `free`; one that is refused stops none of the others."""
    done, refused = [], []
    for item_id in item_ids:
        try:
            (release if free else claim)(db, item_id=item_id, person=person, policy=policy, now=now)
            done.append(item_id)
        except GateError as error:
            refused.append((item_id, str(error)))
    return Claimed(done=tuple(done), refused=tuple(refused))


def views(db: Database, person: str) -> tuple[tuple[str, Wanted], ...]:
    """The views of the queue that a person keeps, by name."""
    with db.read() as connection:
        return worklist.views(connection, person_key(person))


def keep_view(db: Database, *, person: str, name: str, wanted: Wanted, now: datetime) -> bool:
    """Keep a view under a name; returns False, and keeps nothing, when the person has as many as may be."""
    owner = person_key(person)
    with db.write() as connection:
        there = {kept for kept, _ in worklist.views(connection, owner)}
        if name not in there and len(there) >= MOST_VIEWS:
            return False
        worklist.keep_view(connection, owner=owner, name=name, wanted=wanted, now=now)
        return True


def drop_view(db: Database, *, person: str, name: str) -> None:
    """Forget a view."""
    with db.write() as connection:
        worklist.drop_view(connection, owner=person_key(person), name=name)
