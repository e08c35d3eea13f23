"""A long queue: invented items of one round, each with a card, as opening them would leave them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chart.identity import Identity
from review.card import Card, Proposed, keep_card
from review.item import Item, Tier
from store import items
from store.database import Database
from store.items import by_state

TIERS: tuple[Tier, ...] = (1, 2, 3, 4)


def fill(db: Database, number: int, *, now: datetime) -> None:
    """Put so many copies of the one open item into the queue, each about somebody else."""
    with db.write() as connection:
        (first,) = by_state(connection, {"open"})
        for n in range(number):
            card = keep_card(connection, _card(n), run_id=first.run_id, now=now)
            items.insert(connection, replace(_item(first, n, now), card_sha256=card))


def _item(first: Item, n: int, now: datetime) -> Item:
    return replace(
        first,
        item_id=f"{n:016x}",
        patient=f"Patient/many-{n}",
        tier=TIERS[n % 4],
        critical=int(n % 50 == 7),
        opened=now - timedelta(minutes=n),
        # Many expire at one moment: a page must not lose those that stand at its edge.
        expires_at=now + timedelta(hours=1 + n % 20),
        claimed_by="Ada Nowak" if n % 10 == 3 else None,
        tasks=("summary",) if n % 4 == 0 else ("suggestions",),
    )


def _card(n: int) -> Card:
    return Card(
        identity=Identity(name=f"TESTPATIENT, Number {n}", born="1960-01-01", sex="female", number=str(n)),
        critical=("Potassium 6.8 mmol/L",) if n % 50 == 7 else (),
        proposed=tuple(
            Proposed(n=k, task="suggestions", title=f"Proposal {k} of {n}", kind="ServiceRequest", tier=2, change=False)
            for k in range(1, 4)
        ),
    )
