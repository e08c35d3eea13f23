"""Items with one known error: opened as any other, decided as any other, told of after, and never written.

The round of such an item is over from the beginning, so that nothing drives it; the gate makes no outbox row of it; and
the store lets none in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from review.audit import record_decision
from review.call import Call
from review.card import About
from review.decision import Decision, DecisionOutcome
from review.decision import Outcome as Done
from review.item import Item
from review.opening import known_item, open_in
from review.policy import Policy
from review.proposal import Draft, Proposal, propose
from store import artifacts, items, runs, seeded
from store.database import Database, Transaction
from store.seeded import SeededRow as Seeded

SeededResult = Literal["caught", "left out", "missed"]
_DONE: dict[str, Done] = {"approve": "approved", "reject": "rejected", "revise": "revised", "edit": "superseded"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """What is to be opened: a round's item again, with one error."""

    run: runs.Run
    """The round that holds it, which is not on record yet."""
    item: Item
    """The item that it copies."""
    proposal: Proposal
    """That item's proposal."""
    drafts: Sequence[Draft]
    """The same entries, one of them wrong."""
    result: dict[str, Any]
    """What its page is made from, with the same error."""
    kind: str
    """What sort of error."""
    entry: int
    """The entry that holds it."""
    was: str
    """The sentence as it was."""
    says: str
    """What it says instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attention:
    """What reviewers made of the errors of one kind."""

    kind: str
    """The kind."""
    seeded: int
    """How many there are."""
    caught: int
    """In items that were rejected or sent back, or whose entry was edited."""
    left_out: int
    """In entries that were not approved with the others."""
    missed: int
    """In entries that were signed."""

    @property
    def waiting(self) -> int:
        """How many nobody has decided."""
        return self.seeded - self.caught - self.left_out - self.missed


def open_copy(db: Database, copy: Copy, *, policy: Policy, about: About | None, now: datetime) -> Item:
    """Put a copy with its error into the queue.

    Raises:
        GateError: the proposal cannot be made or opened.
    """
    proposal = propose(
        run_id=copy.run.run_id,
        patient=copy.proposal.patient,
        as_of=copy.proposal.as_of,
        revision=1,
        author=copy.proposal.author,
        drafts=copy.drafts,
        based_on=copy.proposal.based_on,
        policy=policy,
    )
    run_id = copy.run.run_id
    with db.write() as connection:
        runs.create(connection, copy.run)
        text = {"run": run_id, "was": copy.was, "says": copy.says}
        seeded.append(
            connection,
            Seeded(
                run_id=run_id,
                copy_of=copy.item.item_id,
                kind=copy.kind,
                entry=copy.entry,
                text_sha256=artifacts.put_json(connection, text, kind="seed", run_id=run_id, now=now),
                created=now,
            ),
        )
        kept = artifacts.put_json(connection, copy.result, kind="result", run_id=run_id, now=now)
        for sha256 in copy.result.get("evidence", ()):
            artifacts.link(connection, run_id, sha256)
        runs.set_result(connection, run_id, kept, now=now)
        item = open_in(connection, proposal, policy=policy, now=now, replaces=None, supersede_tasks=(), about=about)
        runs.set_status(connection, run_id, from_={"running"}, to="nothing_to_write", now=now)
    return item


def settle(connection: Transaction, item: Item, call: Call, decision: Decision, seed: Seeded) -> DecisionOutcome:
    """Close an item with a known error, whatever was decided, and note what the reviewer made of the error."""
    items.close(connection, item.item_id, to="cancelled", now=call.now)
    result = result_of(call, seed.entry)
    seeded.settle(connection, seed.run_id, result=result, now=call.now)
    record_decision(connection, "item.seed_decided", item, decision, kind=seed.kind, result=result)
    return DecisionOutcome(
        item=known_item(connection, item.item_id), outcome=_DONE[call.verb], decision=decision, seeded=True
    )


def result_of(call: Call, entry: int) -> SeededResult:
    """What a decision makes of an error in that entry."""
    if call.verb == "approve":
        return "missed" if entry in {one.n for one in call.entries} else "left out"
    return "missed" if call.verb == "edit" and entry not in call.edited else "caught"


def attention(found: Iterable[Seeded]) -> tuple[Attention, ...]:
    """The errors by kind, by name."""
    count = Counter((one.kind, one.result) for one in found)
    return tuple(
        Attention(
            kind=kind,
            seeded=sum(n for (of, _), n in count.items() if of == kind),
            caught=count[kind, "caught"],
            left_out=count[kind, "left out"],
            missed=count[kind, "missed"],
        )
        for kind in sorted({kind for kind, _ in count})
    )


def seeded_every(db: Database) -> tuple[Seeded, ...]:
    """Every known error, oldest first."""
    with db.read() as connection:
        return seeded.every(connection)
