"""Asking somebody by name or by role, in words, to sign an item beside the first signer.

What is asked for binds: the item then needs two signatures whatever its tier, over the same entries of one proposal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from claims.derived_id import derived_id
from review.audit import record
from review.decision import Decision
from review.duty import Party
from review.errors import AlreadyDecided, ItemExpired, NotAllowed, WordsNeeded
from review.item import Item
from review.opening import known_item, load_proposal
from review.person import Role
from review.policy import Grant, Policy, Slot, person_key
from review.recorded import check_open
from review.signer import Signer
from review.signing import signing
from store import asks, decisions
from store.asks import AskRow as Ask
from store.database import Database, Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Whom somebody asks, and what they say."""

    party: Party
    """Who is asked."""
    words: str
    """What they should look at."""


def party_of(given: str) -> Party:
    """A role by its name, else a person by theirs."""
    role = next((role for role in get_args(Role) if role == person_key(given)), None)
    return Party(roles=(role,)) if role else Party(name=" ".join(given.split()))


def ask(
    db: Database, *, item_id: str, person: str, wish: Wish, policy: Policy, now: datetime, signer: Signer | None = None
) -> Ask:
    """Ask somebody to sign an open item; from then on it needs two signatures at least.

    Raises:
        ItemNotFound: there is no such item.
        ItemExpired, AlreadyDecided: it is not open any more.
        NotAllowed: the policy does not know who asks as a reviewer, or would not accept who is asked.
        RecordDiffers: what is stored of it is not what the audit chain tells.
        WordsNeeded: nothing is said.
    """
    with db.write() as connection:
        item = known_item(connection, item_id, lock=True)
        if item.state == "expired" or (item.state == "open" and item.expires_at <= now):
            raise ItemExpired(item_id)
        if item.state != "open":
            raise AlreadyDecided(item_id, item.state, next_item=item.next_item)
        grant = Grant(roles=signer.roles) if signer else policy.grant(person)
        if not policy.reviews(grant):
            raise NotAllowed("a reviewer known to the policy must ask for a signature")
        check_open(connection, item, decisions.of_item(connection, item_id), asks.of_item(connection, item_id))
        name, key = (signer.name, signer.key) if signer else (person, person_key(person))
        return ask_in(connection, item, wish, person=name, key=key, policy=policy, now=now)


def ask_in(
    connection: Transaction, item: Item, wish: Wish, *, person: str, key: str, policy: Policy, now: datetime
) -> Ask:
    """`ask`, in a transaction that is under way, for who may ask.

    Raises:
        NotAllowed: the policy would not accept who is asked.
        WordsNeeded: nothing is said.
    """
    if not wish.words.strip():
        raise WordsNeeded("asking for a signature")
    found = asked(
        item_id=item.item_id,
        wish=wish,
        person=" ".join(person.split()),
        key=key,
        proposal_sha256=item.proposal_sha256,
        now=now,
    )
    before = asks.of_item(connection, item.item_id)
    given = decisions.of_item(connection, item.item_id)
    tiers = {entry.n: entry.tier for entry in load_proposal(connection, item).entries}
    missing = signing(policy, tier=item.tier, tiers=tiers, decisions=given, asks=(*before, found)).missing
    _check_asked(wish.party, missing, given, person=person, policy=policy)
    kept = asks.append(connection, found, run_id=item.run_id)
    if kept is not None:
        said = {"ask": kept.ask_id, "asked": kept.asked, "row": asks.row_sha256(kept)}
        record(connection, "item.asked", item, actor=kept.person, at=now, **said)
    return kept or found


def asked(*, item_id: str, wish: Wish, person: str, key: str, proposal_sha256: str, now: datetime) -> Ask:
    """The row of an ask; asking the same of the same item again is the same row."""
    return Ask(
        ask_id=derived_id("ask", item_id, *wish.party.keys),
        item_id=item_id,
        asked=str(wish.party),
        asked_keys=wish.party.keys,
        person=person,
        person_key=key,
        words=wish.words.strip(),
        proposal_sha256=proposal_sha256,
        at=now,
    )


def _check_asked(
    party: Party, missing: Sequence[Slot], given: Sequence[Decision], *, person: str, policy: Policy
) -> None:
    """A request that nobody could fulfil is refused at once, not when the item has expired over it."""
    roles: Sequence[str] = party.roles
    if party.name is not None:
        named = person_key(party.name)
        if named == person_key(person) or named in {person_key(one.person) for one in given}:
            raise NotAllowed("another person than those who signed, and than who asks, must be asked")
        known = policy.grant(party.name)
        # Of who signs in with a provider, the roles are known when they come in and not before.
        roles = known.roles
        if not roles and policy.people.named:
            raise NotAllowed("somebody whom the policy knows must be asked, or a role")
        if not roles:
            return
    if not any(set(slot.roles) & set(roles) for slot in missing):
        needed = " and ".join(map(str, missing)) or "nobody more"
        raise NotAllowed(f"the signature that is missing is of {needed}; ask such a person or role")
