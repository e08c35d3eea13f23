"""The gate: nothing is written but what named persons whom the policy accepts have signed, once, in time.

Everything here is one write transaction. A decision is a row; the item moves from `open` by compare-and-swap, and the
outbox rows of the sealed form are inserted with it or not at all, so that racing deciders and killed processes leave
exactly one outcome.

The signatures that are needed are those of the highest tier among the entries signed, so that a summary does not wait
for the pharmacist whom the insulin beside it needs. Where several people must sign, all sign the same entries: one who
names others is refused, because an intersection would approve what neither of them said.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import get_args

from claims.derived_id import derived_id
from review.asking import Wish, ask_in
from review.audit import record_decision
from review.call import Call, edits_of, entries_of, reason_of
from review.closing import cancel, close_open, expire, mark_stale, supersede
from review.decision import Decision, DecisionOutcome, Verb
from review.entitled import check_person
from review.entry import Validation
from review.errors import (
    AlreadyDecided,
    EditUnusable,
    HashMismatch,
    ItemExpired,
)
from review.item import Item
from review.opened import evidence
from review.opening import known_item, load_proposal, open_in, open_item
from review.person import Vouched
from review.policy import Grant, Policy, person_key
from review.proposal import Proposal, Resource, drafts_of, propose
from review.recorded import check_open, rows_sha256
from review.sealing import outbox_rows, signatures_of
from review.seeding import settle
from review.sending_back import REVISIONS, check_drafted, check_revisions
from review.signer import Signer
from review.signing import least
from review.switches import check_entries
from store import asks, decisions, items, outbox, seeded
from store.database import Database, Transaction

__all__ = ["REVISIONS", "cancel", "decide", "expire", "mark_stale", "open_item", "supersede"]


def decide(
    db: Database,
    *,
    item_id: str,
    person: str,
    verb: Verb,
    policy: Policy,
    now: datetime,
    only: tuple[int, ...] | None = None,
    code: str | None = None,
    words: str | None = None,
    edited: Mapping[int, Resource] | None = None,
    proposal_sha256: str | None = None,
    attested: frozenset[Vouched] = frozenset(),
    signer: Signer | None = None,
    validations: Mapping[int, Validation] | None = None,
    wish: Wish | None = None,
) -> DecisionOutcome:
    """Take one person's decision on one item.

    Args:
        db: the database.
        item_id: the item.
        person: the name of who decides.
        verb: approve, reject (with a code), revise (with words) or edit (with resources).
        policy: says who may.
        now: wall time.
        only: for approve, the entries to sign; None for all. The others are not approved.
        code: for reject, one of `review.reasons`.
        words: the person's own words; needed to revise, and for the code `other`.
        edited: for edit, the changed resources by entry number.
        proposal_sha256: the proposal that the person was shown; checked when given.
        attested: what the door vouches for, beyond what the policy takes as given for this person. That evidence was
            opened it can't vouch for: the record says so, or nobody.
        signer: the person, where they have signed in: their roles come from there and from nowhere else.
        validations: for edit, what the server's own validation said of the changed resources, by entry number.
        wish: for approve, whom the person asks to sign beside them; the item then waits for that signature.

    Raises:
        ItemNotFound: there is no such item.
        AlreadyDecided: it is closed, or this person has signed it; names the item that took its place.
        ItemExpired: its time is over; it is closed by this call when nobody had closed it yet.
        HashMismatch: it is not the proposal that was shown.
        ProposalDamaged: what is stored does not match its hashes.
        RecordDiffers: the item, its signatures or who was asked for one are not what the audit chain tells.
        NotAllowed: the policy does not accept this person for this.
        DifferentEntries: another person has signed other entries of it.
        RecordDiffers: what is stored of it is not what the audit chain tells of.
        SwitchedOff: to approve what somebody has switched off, or to silent.
        store.switches.SwitchesUnreadable: to approve while that can't be known.
        NotDrafted: to revise what was prepared: there is nobody to draft it again.
        RevisedTooOften: its round was sent back as often as it may be.
        WrongUse: reason, words, entries or edit do not fit; the subclass says which.
    """
    with db.write() as connection:
        item = known_item(connection, item_id, lock=True)
        if item.state == "open" and item.expires_at <= now:
            # Kept, though the call is refused: so it must be raised outside the transaction.
            close_open(connection, item, to="expired", now=now)
            outcome = None
        else:
            proposal = _checked(connection, item, proposal_sha256)
            call = Call(
                person=signer.name if signer else person,
                key=signer.key if signer else person_key(person),
                grant=Grant(roles=signer.roles) if signer else policy.grant(person),
                verb=verb,
                entries=entries_of(proposal, verb, only),
                reason=reason_of(verb, code, words),
                words=words,
                edited=edits_of(proposal, verb, edited),
                attested=frozenset(get_args(Vouched)) & (attested | signer.attested if signer else attested),
                validations=validations or {},
                wish=wish,
                policy=policy,
                now=now,
            )
            if verb == "approve":
                check_entries(connection, item, call.entries, proposal.author)
            outcome = _decide(connection, item, proposal, call)
    if outcome is None:
        raise ItemExpired(item_id)
    return outcome


def _checked(connection: Transaction, item: Item, shown_sha256: str | None) -> Proposal:
    if item.state == "expired":
        raise ItemExpired(item.item_id)
    if item.state != "open":
        raise AlreadyDecided(item.item_id, item.state, next_item=item.next_item)
    if shown_sha256 is not None and shown_sha256 != item.proposal_sha256:
        raise HashMismatch(item.item_id)
    return load_proposal(connection, item)


def _decide(connection: Transaction, item: Item, proposal: Proposal, call: Call) -> DecisionOutcome:
    before = decisions.of_item(connection, item.item_id)
    asked = asks.of_item(connection, item.item_id)
    check_open(connection, item, before, asked)
    wanted = least(asked if call.wish is None else (*asked, call.wish))
    if call.verb == "approve":
        call = replace(call, attested=call.attested | evidence(connection, item, call))
    check_person(item, before, call, wanted)
    decision = Decision(
        decision_id=derived_id("decision", item.item_id, call.key),
        item_id=item.item_id,
        person=" ".join(call.person.split()),
        person_key=call.key,
        roles=call.grant.roles,
        verb=call.verb,
        entries=tuple((entry.n, entry.sha256) for entry in call.entries),
        code=call.reason.code if call.reason else None,
        code_system=call.reason.system if call.reason else None,
        words=call.words,
        attested=tuple(sorted(call.attested)),
        proposal_sha256=item.proposal_sha256,
        policy_sha256=call.policy.sha256,
        at=call.now,
    )
    if not decisions.append(connection, decision):
        raise AlreadyDecided(item.item_id, "signed by you")
    seed = seeded.of_run(connection, item.run_id)
    if seed is not None:
        return settle(connection, item, call, decision, seed)
    if call.verb == "approve":
        if call.wish is not None:
            ask_in(connection, item, call.wish, person=call.person, key=call.key, policy=call.policy, now=call.now)
        return _approve(connection, item, proposal, call, (*before, decision), wanted)
    if call.verb == "edit":
        return _edit(connection, item, proposal, call, decision)
    return _send_back(connection, item, call, decision)


def _approve(
    connection: Transaction,
    item: Item,
    proposal: Proposal,
    call: Call,
    signed: tuple[Decision, ...],
    wanted: int,
) -> DecisionOutcome:
    decision = signed[-1]
    tier = max(entry.tier for entry in call.entries)
    signers = [(given.person_key, given.roles) for given in signed]
    missing = call.policy.assign(tier, signers, least=wanted).missing
    if missing:
        record_decision(connection, "item.signed", item, decision)
        return DecisionOutcome(item=item, outcome="signed", decision=decision, signatures_missing=missing)
    approved = tuple(entry.n for entry in call.entries)
    if not items.close(connection, item.item_id, to="approved", now=call.now, approved_entries=approved):
        raise AlreadyDecided(item.item_id, "closed")
    signatures = signatures_of(signed, tier=tier, policy=call.policy)
    rows = outbox_rows(item.item_id, proposal, call.entries, signatures=signatures, now=call.now)
    outbox.append(connection, rows)
    left_out = [entry.n for entry in proposal.entries if entry.n not in approved]
    sealed = [row.sha256 for row in rows]
    record_decision(
        connection, "item.approved", item, decision, not_approved=left_out, sealed=sealed, rows=rows_sha256(rows)
    )
    return DecisionOutcome(item=known_item(connection, item.item_id), outcome="approved", decision=decision)


def _edit(connection: Transaction, item: Item, proposal: Proposal, call: Call, decision: Decision) -> DecisionOutcome:
    if any("undo" in entry.labels for entry in proposal.entries if entry.n in call.edited):
        raise EditUnusable("an undo is signed as it is, or rejected")
    drafts = [
        call.validations.get(n, Validation()).on(replace(draft, resource=call.edited[n])) if n in call.edited else draft
        for n, draft in enumerate(drafts_of(proposal), start=1)
    ]
    following = propose(
        run_id=proposal.run_id,
        patient=proposal.patient,
        as_of=proposal.as_of,
        revision=proposal.revision + 1,
        author=proposal.author,
        drafts=drafts,
        based_on=proposal.based_on,
        policy=call.policy,
    )
    if [entry.sha256 for entry in following.entries] == [entry.sha256 for entry in proposal.entries]:
        raise EditUnusable("nothing in them differs")
    opened = open_in(connection, following, policy=call.policy, now=call.now, replaces=item.item_id, supersede_tasks=())
    record_decision(connection, "item.edited", item, decision, next_item=opened.item_id)
    return DecisionOutcome(
        item=known_item(connection, item.item_id), outcome="superseded", decision=decision, next_item=opened.item_id
    )


def _send_back(connection: Transaction, item: Item, call: Call, decision: Decision) -> DecisionOutcome:
    if call.verb == "revise":
        check_drafted(connection, item)
        check_revisions(connection, item)
    if call.verb == "reject":
        items.close(connection, item.item_id, to="rejected", now=call.now)
        incident = call.reason is not None and call.reason.incident
        record_decision(connection, "item.rejected", item, decision, incident=incident)
        closed = known_item(connection, item.item_id)
        return DecisionOutcome(item=closed, outcome="rejected", decision=decision, reason=call.reason)
    items.close(connection, item.item_id, to="revised", now=call.now)
    record_decision(connection, "item.revised", item, decision)
    return DecisionOutcome(item=known_item(connection, item.item_id), outcome="revised", decision=decision)
