"""Which sources of an item a reviewer has opened, as the store and the audit chain have it, and whether that is enough.

No door vouches for this: however a person came in, what counts is the record, of this proposal at this revision.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from chart.reference import bare
from review.audit import Act, record
from review.call import Call
from review.entry import Entry
from review.errors import RecordDiffers
from review.item import Item
from review.opening import known_item
from review.policy import Attestation, Policy
from review.recorded import acts_of
from store import opened
from store.database import Database, Transaction
from store.opened import OpenedRow as Opened

ACT: Act = "item.source_opened"


def note_opened(db: Database, *, item_id: str, person: str, key: str, source: str, now: datetime) -> Opened | None:
    """Record that a person opened a source of an open item; the first time counts, and is told in the audit chain.

    Args:
        db: the state.
        item_id: the item.
        person: the name of who opened it.
        key: what tells them from others: as it stands at their signature.
        source: the versioned reference that was shown, or `literature/` and a passage's id.
        now: wall time.

    Returns:
        The record, or None where the item is closed or its time over: nobody signs it any more.

    Raises:
        ItemNotFound: there is no such item.
    """
    with db.read() as connection:
        item = known_item(connection, item_id)
        known = next((one for one in _current(connection, item) if (one.person_key, one.source) == (key, source)), None)
    if known is not None or item.state != "open" or item.expires_at <= now:
        return known
    with db.write() as connection:
        item = known_item(connection, item_id, lock=True)
        if item.state != "open":
            return None
        row = Opened(
            item_id=item_id,
            revision=item.revision,
            proposal_sha256=item.proposal_sha256,
            person=" ".join(person.split()),
            person_key=key,
            source=source,
            at=now,
        )
        if opened.append(connection, row):
            record(connection, ACT, item, actor=row.person, at=now, source=source, revision=row.revision)
    return row


def opened_of(db: Database, item: Item) -> tuple[Opened, ...]:
    """What was opened of an item's proposal as it stands, by whomever, oldest first."""
    with db.read() as connection:
        return _current(connection, item)


def opened_by(connection: Transaction, item: Item, key: str) -> frozenset[str]:
    """The sources that one person opened of an item's proposal as it stands.

    Raises:
        RecordDiffers: when the rows are not those that the audit chain tells of.
    """
    found = _current(connection, item)
    acts = [act for act in acts_of(connection, item) if act.act == ACT]
    told = [(act.actor, act.at, act.detail.get("source")) for act in acts if _same(item, act.detail)]
    if sorted(map(repr, told)) != sorted(repr((one.person, one.at, one.source)) for one in found):
        raise RecordDiffers(item.item_id)
    return frozenset(one.source for one in found if one.person_key == key)


def to_open(policy: Policy, entry: Entry) -> int:
    """How many sources of an entry each signer opens; 0 where its tier does not ask.

    So many as the policy says for the tier, or all where the entry stands on fewer; of one that stands on none, one
    source of the item.
    """
    asked = policy.tier(entry.tier)
    if "evidence_opened" not in asked.requires:
        return 0
    return min(asked.evidence_opened, len(set(map(bare, entry.sources))) or 1)


def still_to_open(policy: Policy, entries: Sequence[Entry], sources: Collection[str]) -> Mapping[int, int]:
    """How many sources of each entry are still to be opened before it is signed; one that needs no more is not there.

    Args:
        policy: the rules.
        entries: what is to be signed.
        sources: what the signer opened.
    """
    read = set(map(bare, sources))
    found: dict[int, int] = {}
    for entry in entries:
        stands_on = set(map(bare, entry.sources))
        seen = len(stands_on & read) if stands_on else len(read)
        if (missing := to_open(policy, entry) - seen) > 0:
            found[entry.n] = missing
    return found


def evidence(connection: Transaction, item: Item, call: Call) -> frozenset[Attestation]:
    """What the record vouches for at a signature: that the signer opened what the policy asks for.

    Raises:
        RecordDiffers: when the record is not what the audit chain tells of.
    """
    if "evidence_opened" not in call.policy.tier(max(entry.tier for entry in call.entries)).requires:
        return frozenset()
    missing = still_to_open(call.policy, call.entries, opened_by(connection, item, call.key))
    return frozenset() if missing else frozenset({"evidence_opened"})


def _current(connection: Transaction, item: Item) -> tuple[Opened, ...]:
    rows = opened.of_items(connection, [item.item_id]).get(item.item_id, ())
    return tuple(one for one in rows if (one.proposal_sha256, one.revision) == (item.proposal_sha256, item.revision))


def _same(item: Item, detail: Mapping[str, object]) -> bool:
    return (detail.get("proposal"), detail.get("revision")) == (item.proposal_sha256, item.revision)
