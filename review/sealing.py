"""From signatures to what is written: the seal of an entry, before signing as a preview and after it as outbox rows."""

from collections.abc import Sequence
from datetime import datetime

from claims.canonical import exact_bytes
from claims.seal import Sealed, Signature, derived_id, seal
from review.decision import Decision
from review.policy import Policy, person_key
from review.proposal import Entry, Proposal
from store.items import Tier
from store.outbox import OutboxRow


def sealed_entry(proposal: Proposal, entry: Entry, *, signatures: Sequence[Signature], recorded: datetime) -> Sealed:
    """One entry with its signatures; pure."""
    return seal(
        entry_resource=entry.resource,
        sources=entry.sources,
        author=proposal.author,
        signatures=signatures,
        recorded=recorded,
        provenance_id=derived_id("provenance", proposal.run_id, entry.n, proposal.revision),
    )


def preview(proposal: Proposal, n: int, *, person: str, policy: Policy, now: datetime) -> Sealed:
    """Entry `n` as it would be written if `person` signed it alone, now.

    Raises:
        IndexError: when the proposal has no such entry.
    """
    entry = proposal.entries[n - 1]
    roles = policy.assign(entry.tier, [(person_key(person), policy.grant(person).roles)]).roles
    role = roles.get(person_key(person), "reviewer")
    return sealed_entry(proposal, entry, signatures=[Signature(who=person, role=role, when=now)], recorded=now)


def signatures_of(decisions: Sequence[Decision], *, tier: Tier, policy: Policy) -> tuple[Signature, ...]:
    """The approvals as signatures, each in the role in which it fills a slot of the tier; oldest first."""
    roles = policy.assign(tier, [(decision.person_key, decision.roles) for decision in decisions]).roles
    return tuple(
        Signature(who=decision.person, role=roles[decision.person_key], when=decision.at)
        for decision in decisions
        if decision.person_key in roles
    )


def outbox_rows(
    item_id: str, proposal: Proposal, entries: Sequence[Entry], *, signatures: Sequence[Signature], now: datetime
) -> tuple[OutboxRow, ...]:
    """The rows that write these entries, group by group."""
    return tuple(
        OutboxRow(
            outbox_id=f"{item_id}-{entry.n}-{position}",
            item_id=item_id,
            entry=entry.n,
            position=position,
            part=sealed.part,
            resource_type=sealed.resource["resourceType"],
            resource_id=sealed.resource["id"],
            if_match=entry.base_version if sealed.part == "target" else None,
            body=exact_bytes(sealed.resource).decode(),
            sha256=sealed.sha256,
            group_sha256=group.sha256,
            state="pending",
            attempts=0,
            created=now,
            updated=now,
        )
        for entry in entries
        for group in [sealed_entry(proposal, entry, signatures=signatures, recorded=now)]
        for position, sealed in enumerate(group.resources, start=1)
    )
