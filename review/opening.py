"""Opening an item: a proposal enters the queue, and what it takes the place of leaves it."""

from collections.abc import Sequence
from datetime import datetime

from review.audit import PROGRAM, opening_detail, record
from review.card import About, card_of, keep_card, read_card
from review.closing import close_open
from review.errors import ItemNotFound, ProposalDamaged, ProposalPurged, ProposalUnusable, RoundOver
from review.item import Item, item_id_of
from review.policy import Policy
from review.proposal import Proposal, drafts_of, from_bytes, propose, to_bytes
from review.responsibility import assign
from store import artifacts, items, runs
from store.database import Database, Transaction


def open_item(
    db: Database,
    proposal: Proposal,
    *,
    policy: Policy,
    now: datetime,
    replaces: str | None = None,
    supersede_tasks: Sequence[str] = (),
    about: About | None = None,
) -> Item:
    """Put a proposal into the queue; opening the same one again changes nothing and gives the item as it stands.

    Args:
        db: where the round's row already stands.
        proposal: from `propose`.
        policy: gives the expiry.
        now: wall time.
        replaces: the item that this one answers (revised, or open in a stale round); it becomes `superseded`.
        supersede_tasks: other rounds' open items of this patient that share one of these tasks become `superseded`.
        about: who it is about, for the queue; without it, what the card of the item that it answers says.

    Raises:
        ProposalUnusable: when its round is not in the store or is another patient's, or `propose` under this policy
            would not have made it.
        AlreadyDecided: when the item that it replaces was approved, rejected or cancelled.
        RoundOver: when its round has ended.
    """
    with db.write() as connection:
        return open_in(
            connection,
            proposal,
            policy=policy,
            now=now,
            replaces=replaces,
            supersede_tasks=supersede_tasks,
            about=about,
        )


def open_in(
    connection: Transaction,
    proposal: Proposal,
    *,
    policy: Policy,
    now: datetime,
    replaces: str | None,
    supersede_tasks: Sequence[str],
    about: About | None = None,
) -> Item:
    """`open_item`, in a transaction that is under way."""
    _check(connection, proposal, policy)
    card = card_of(proposal, about or _about(connection, replaces))
    item = Item(
        item_id=item_id_of(proposal),
        run_id=proposal.run_id,
        patient=proposal.patient,
        tasks=proposal.tasks,
        tier=proposal.tier,
        state="open",
        revision=proposal.revision,
        proposal_sha256=proposal.proposal_sha256,
        artifact_sha256=artifacts.put_bytes(
            connection, to_bytes(proposal), kind="proposal", run_id=proposal.run_id, now=now
        ),
        policy_sha256=policy.sha256,
        opened=now,
        expires_at=now + policy.lifetime(proposal.tier),
        critical=len(card.critical),
        card_sha256=keep_card(connection, card, run_id=proposal.run_id, now=now),
    )
    if not items.insert(connection, item):
        return known_item(connection, item.item_id)
    run = runs.get(connection, proposal.run_id)
    if run is not None and run.status in runs.FINISHED:
        # Cancelled, say, while another process was drafting: nobody would ever write what is signed there.
        raise RoundOver(run.run_id, run.status)
    duty = assign(connection, item, services=card.services, policy=policy, now=now)
    opened = opening_detail(item)
    record(connection, "item.opened", item, actor=PROGRAM, at=now, replaces=replaces, **opened, **duty)
    if replaces is not None and not items.link_next(connection, replaces, next_item=item.item_id):
        close_open(connection, known_item(connection, replaces), to="superseded", now=now, next_item=item.item_id)
    for other in items.open_of_patient(connection, proposal.patient):
        if other.run_id != proposal.run_id and set(other.tasks) & set(supersede_tasks):
            close_open(connection, other, to="superseded", now=now, next_item=item.item_id)
            # At once: nobody waits for that round any more, and no sweep need come by to say so.
            runs.set_status(connection, other.run_id, from_={"awaiting_review"}, to="superseded", now=now)
    return item


def load_proposal(connection: Transaction, item: Item) -> Proposal:
    """An item's proposal.

    Raises:
        ProposalPurged: when it was removed when its time was over.
        ProposalDamaged: when what is stored does not match its hashes, or is another proposal than the item's.
    """
    try:
        proposal = from_bytes(artifacts.get_bytes(connection, item.artifact_sha256))
    except artifacts.ArtifactPurged:
        raise ProposalPurged(item.item_id) from None
    except (artifacts.ArtifactDamaged, artifacts.ArtifactMissing):
        raise ProposalDamaged from None
    row = (item.item_id, item.run_id, item.patient, item.revision, item.tasks, item.tier)
    made = (item_id_of(proposal), proposal.run_id, proposal.patient, proposal.revision, proposal.tasks, proposal.tier)
    if item.proposal_sha256 != proposal.proposal_sha256 or row != made:
        raise ProposalDamaged
    return proposal


def known_item(connection: Transaction, item_id: str, *, lock: bool = False) -> Item:
    """The item of this id; with `lock`, nobody else changes it until the transaction ends.

    Raises:
        ItemNotFound: when there is none.
    """
    item = items.get(connection, item_id, lock=lock)
    if item is None:
        raise ItemNotFound(item_id)
    return item


def _about(connection: Transaction, replaces: str | None) -> About | None:
    """What the card of the item before says of the patient."""
    before = None if replaces is None else items.get(connection, replaces)
    if before is None or before.card_sha256 is None:
        return None
    return read_card(connection, before.card_sha256).about


def _check(connection: Transaction, proposal: Proposal, policy: Policy) -> None:
    """A proposal built by hand, with a tier of its own making, does not get in."""
    run = runs.get(connection, proposal.run_id)
    if run is None or run.patient != proposal.patient:
        raise ProposalUnusable("its round is not in the store, or is another patient's")
    again = propose(
        run_id=proposal.run_id,
        patient=proposal.patient,
        as_of=proposal.as_of,
        revision=proposal.revision,
        author=proposal.author,
        drafts=drafts_of(proposal),
        based_on=proposal.based_on,
        policy=policy,
    )
    if again != proposal:
        raise ProposalUnusable("it was not made by `propose` under the policy in force")
