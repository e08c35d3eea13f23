"""Where items stand with the people around them: whose, who covers, who was asked, how many have signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from review.card import card_of, read_card
from review.decision import Decision
from review.item import Item, Tier
from review.opening import load_proposal
from review.policy import Policy
from review.responsibility import Duty
from review.signing import Signing, signing
from store import asks, decisions, duties
from store.asks import AskRow as Ask
from store.database import Database, Transaction

AT_ONCE = 1000
"""So many items in one query: databases allow no more than so many values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """One item's people."""

    duty: Duty | None
    """Whose it is; `None` for one that an earlier release closed."""
    asks: tuple[Ask, ...]
    """Who was asked to sign, oldest first."""
    signing: Signing
    """How many have signed, of how many."""
    signed: tuple[Decision, ...] = ()
    """Their signatures, oldest first."""


def standings(db: Database, found: Sequence[Item], *, policy: Policy) -> dict[str, Standing]:
    """Where these items stand, by item; a few queries for each thousand."""
    stand: dict[str, Standing] = {}
    with db.read() as connection:
        for start in range(0, len(found), AT_ONCE):
            stand |= _some(connection, found[start : start + AT_ONCE], policy)
    return stand


def standing(db: Database, item: Item, *, policy: Policy) -> Standing:
    """Where one item stands."""
    return standings(db, [item], policy=policy)[item.item_id]


def _some(connection: Transaction, found: Sequence[Item], policy: Policy) -> dict[str, Standing]:
    ids = [item.item_id for item in found]
    whose, asked = duties.of_items(connection, ids), asks.of_items(connection, ids)
    signed = decisions.approvals(connection, ids)
    return {
        item.item_id: Standing(
            duty=whose.get(item.item_id),
            asks=asked.get(item.item_id, ()),
            signed=signed.get(item.item_id, ()),
            signing=_signing(connection, item, signed.get(item.item_id, ()), asked.get(item.item_id, ()), policy),
        )
        for item in found
    }


def _signing(
    connection: Transaction, item: Item, signed: tuple[Decision, ...], asked: tuple[Ask, ...], policy: Policy
) -> Signing:
    tiers: Mapping[int, Tier] = dict.fromkeys((n for one in signed for n, _ in one.entries), item.tier)
    # Only of an item that waits with a signature on it is it worth to look what was signed; a closed one may be purged.
    if signed and item.state == "open":
        card = card_of(load_proposal(connection, item), None) if item.card_sha256 is None else None
        tiers = {one.n: one.tier for one in (card or read_card(connection, str(item.card_sha256))).proposed}
    return signing(policy, tier=item.tier, tiers=tiers, decisions=signed, asks=asked)
