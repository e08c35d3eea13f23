"""What a decision asks, made sure to mean something before anybody's right to it is looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from review.asking import Wish
from review.decision import Verb
from review.entry import Validation
from review.errors import EditUnusable, EntriesUnusable, WordsNeeded
from review.policy import Attestation, Grant, Policy
from review.proposal import Entry, Proposal, Resource
from review.reasons import Reason, reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call of `review.gate.decide`."""

    person: str
    """The name as it was given."""
    key: str
    """What tells this person from others."""
    grant: Grant
    """What they hold."""
    verb: Verb
    """What is decided."""
    entries: tuple[Entry, ...]
    """The entries that it covers, in order; never empty."""
    reason: Reason | None
    """Why, for a rejection."""
    words: str | None
    """The person's own words."""
    edited: Mapping[int, Resource]
    """The changed resources by entry number, for an edit."""
    attested: frozenset[Attestation]
    """What the door and the record vouch for."""
    validations: Mapping[int, Validation]
    """What the server's own validation said of the changed resources, by entry number."""
    wish: Wish | None
    """Whom they ask to sign beside them."""
    policy: Policy
    """The rules."""
    now: datetime
    """Wall time."""


def entries_of(proposal: Proposal, verb: Verb, only: tuple[int, ...] | None) -> tuple[Entry, ...]:
    """The entries that the decision covers.

    Raises:
        EntriesUnusable: when there is none, one of them does not exist, or the verb is about the whole item.
    """
    if only is None:
        return proposal.entries
    if verb != "approve":
        raise EntriesUnusable(f"{verb} is about the whole item")
    chosen = tuple(entry for entry in proposal.entries if entry.n in only)
    if not chosen or set(only) != {entry.n for entry in chosen}:
        raise EntriesUnusable(f"this item has the entries 1 to {len(proposal.entries)}")
    return chosen


def reason_of(verb: Verb, code: str | None, words: str | None) -> Reason | None:
    """The coded reason of a rejection.

    Raises:
        UnknownReason: when the code is not in the lists.
        WordsNeeded: when words are missing to revise, or for a code that asks for them.
    """
    if verb == "revise" and not (words or "").strip():
        raise WordsNeeded("revise")
    if verb != "reject":
        return None
    found = reason(code)
    if found.words and not (words or "").strip():
        raise WordsNeeded(f"the code {found.code}")
    return found


def edits_of(proposal: Proposal, verb: Verb, edited: Mapping[int, Resource] | None) -> Mapping[int, Resource]:
    """The changed resources by entry number.

    Raises:
        EditUnusable: when there are none, or one does not fit its entry.
    """
    if verb != "edit":
        return {}
    if not edited:
        raise EditUnusable("no edited resource was given")
    entries = {entry.n: entry for entry in proposal.entries}
    for n, resource in edited.items():
        if n not in entries:
            raise EditUnusable(f"there is no entry {n}")
        mine, theirs = entries[n].resource, resource
        if any(theirs.get(name) != mine.get(name) for name in ("resourceType", "id")):
            raise EditUnusable(f"entry {n} must keep its type and id")
    return edited
