"""From signatures to what is written: the seal of an entry, before signing as a preview and after it as outbox rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from claims.canonical import exact_bytes
from claims.derived_id import derived_id
from claims.seal import Sealed, Signature, TakesBack, seal
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
        takes_back=_takes_back(entry),
        keeps=entry.keeps,
    )


def preview(
    proposal: Proposal,
    n: int,
    *,
    person: str,
    policy: Policy,
    now: datetime,
    only: Sequence[int] | None = None,
    before: Sequence[Decision] = (),
) -> Sealed:
    """Entry `n` as it would be written if `person` signed now, together with those who signed before.

    Args:
        proposal: the item's proposal.
        n: the entry to show, from 1.
        person: who looks; a person without a fitting role is shown as `reviewer`, and would be refused.
        policy: the rules.
        now: wall time.
        only: the entries that would be signed together, as they decide the tier; None for all.
        before: the approvals that are there already.

    Raises:
        IndexError: when the proposal has no such entry.
    """
    tier = max(entry.tier for entry in proposal.entries if only is None or entry.n in {n, *only})
    signers = [_signer(decision) for decision in before]
    signers.append(
        _Signer(key=person_key(person), name=" ".join(person.split()), roles=policy.grant(person).roles, when=now)
    )
    return sealed_entry(proposal, proposal.entries[n - 1], signatures=_signatures(signers, tier, policy), recorded=now)


def signatures_of(decisions: Sequence[Decision], *, tier: Tier, policy: Policy) -> tuple[Signature, ...]:
    """The approvals as signatures, each in the role in which it fills a slot of the tier; oldest first."""
    return _signatures([_signer(decision) for decision in decisions], tier, policy)


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
            restores=entry.restores if sealed.part == "target" else None,
            body=exact_bytes(sealed.resource).decode(),
            sha256=sealed.sha256,
            group_sha256=group.sha256,
            state="kept" if sealed.part in entry.keeps else "pending",
            attempts=0,
            created=now,
            updated=now,
        )
        for entry in entries
        for group in [sealed_entry(proposal, entry, signatures=signatures, recorded=now)]
        for position, sealed in enumerate(group.resources, start=1)
    )


def _takes_back(entry: Entry) -> TakesBack | None:
    if "undo" not in entry.labels:
        return None
    return "NULLIFY" if entry.restores is None else "UPDATE"


class _Signer(NamedTuple):
    key: str
    name: str
    roles: Sequence[str]
    when: datetime


def _signer(decision: Decision) -> _Signer:
    return _Signer(key=decision.person_key, name=decision.person, roles=decision.roles, when=decision.at)


def _signatures(signers: Sequence[_Signer], tier: Tier, policy: Policy) -> tuple[Signature, ...]:
    # Together, because the role in which the first signs can depend on who signs beside them.
    roles = policy.assign(tier, [(signer.key, signer.roles) for signer in signers], least=len(signers)).roles
    return tuple(
        Signature(who=signer.name, role=roles.get(signer.key, "reviewer"), when=signer.when) for signer in signers
    )
