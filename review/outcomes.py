"""What became of every entry that was drafted: signed, left out, edited, sent back or rejected, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import SequenceMatcher
from typing import Literal

from chart.identity import Identity
from review.card import Proposed
from review.decision import Decision
from review.item import Item
from review.opening import known_item, load_proposal
from review.pace import Pace, paces, seconds_taken
from review.reading import WORDS_A_MINUTE, readable, seconds_to_read
from review.worklist import cards_of
from store import decisions, items, runs, seeded
from store.database import Database, Transaction

Verdict = Literal["signed", "left out", "edited", "sent back", "rejected"]
VERDICTS: tuple[Verdict, ...] = ("signed", "left out", "edited", "sent back", "rejected")
_OF_VERB: Mapping[str, Verdict] = {"reject": "rejected", "revise": "sent back", "edit": "edited"}
AGES = ((0, "under 18"), (18, "18 to 39"), (40, "40 to 64"), (65, "65 to 79"), (80, "80 and over"))
UNKNOWN = "not recorded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One entry of one decided item."""

    item_id: str
    """The item."""
    entry: int
    """Its number in the item."""
    task: str
    """The task that it came from."""
    kind: str
    """The resource's type."""
    tier: int
    """Its tier."""
    author: str
    """What drafted it: the reasoner, and the model with its revision where there was one."""
    guidelines: tuple[str, ...]
    """Canonical addresses of the recommendations that it stands on."""
    verdict: Verdict
    """What became of it."""
    code: str | None
    """Why it was rejected."""
    at: datetime
    """When it was decided; of two signatures, the last."""
    seconds: float
    """From the claim of who decided, or from the item's opening without one, to the decision."""
    hurried: bool
    """Whether a signature on it came sooner than the item can be read."""
    changed: float
    """Of an edited entry, the share of its text that is other than drafted; 0 for every other."""
    age: str
    """The patient's age group at the decision."""
    sex: str
    """The patient's administrative gender."""
    language: str
    """The patient's language, as a code."""
    run_id: str = ""
    """The round."""
    patient: str = ""
    """The patient's reference: to count people by, and shown nowhere."""
    least: float = 0.0
    """How many seconds the item takes to read."""
    paces: tuple[Pace, ...] = ()
    """How fast each signature on the item came."""


def outcomes(
    db: Database, *, since: datetime | None = None, words_a_minute: int = WORDS_A_MINUTE
) -> tuple[Outcome, ...]:
    """Every entry of every item that people decided, oldest first.

    Args:
        db: the state.
        since: leave out what was decided before.
        words_a_minute: how fast somebody reads who means to check.

    Raises:
        ProposalDamaged: when the proposal of an edited item is not what was stored.
    """
    with db.read() as connection:
        given: dict[str, list[Decision]] = {}
        for decision in decisions.since(connection, since):
            given.setdefault(decision.item_id, []).append(decision)
        known = seeded.rounds(connection)
        decided = (one for one in items.by_state(connection) if one.item_id in given and one.state != "open")
        closed = [one for one in decided if one.run_id not in known]
        authors = {run.run_id: author_of(run) for run in runs.by_status(connection)}
    cards = cards_of(db, closed)
    found: list[Outcome] = []
    with db.read() as connection:
        for item in sorted(closed, key=lambda one: given[one.item_id][-1].at):
            card = cards[item.item_id]
            words = sum(one.words for one in card.proposed)
            signed = paces(item, words, given[item.item_id], words_a_minute=words_a_minute)
            found += [
                replace(one, paces=signed, least=seconds_to_read(words, words_a_minute), hurried=_hurried(one, signed))
                for one in _entries(
                    connection, item, given[item.item_id][-1], card.proposed, card.identity, authors[item.run_id]
                )
            ]
    return tuple(found)


def author_of(run: runs.Run) -> str:
    """What drafted a round's proposals, in words."""
    if run.model_name is None:
        return run.reasoner
    return f"{run.reasoner}: {run.model_name}" + (f" at {run.model_revision[:12]}" if run.model_revision else "")


def age_group(born: str | None, today: date) -> str:
    """The group of a birth date, of which a year is enough."""
    try:
        year, month, day = (int(part) for part in f"{born or ''}-01-01".split("-")[:3])
        years = today.year - year - ((today.month, today.day) < (month, day))
    except ValueError:
        return UNKNOWN
    return next((words for least, words in reversed(AGES) if years >= least), UNKNOWN)


def _entries(
    connection: Transaction,
    item: Item,
    decision: Decision,
    proposed: tuple[Proposed, ...],
    identity: Identity,
    author: str,
) -> Iterator[Outcome]:
    changed = _changed(connection, item) if decision.verb == "edit" and proposed else {}
    seconds = seconds_taken(item, decision)
    for one in proposed:
        verdict = _verdict(item, decision, one.n, changed)
        if verdict is None:
            continue
        yield Outcome(
            item_id=item.item_id,
            entry=one.n,
            task=one.task,
            kind=one.kind,
            tier=one.tier,
            author=author,
            guidelines=one.guidelines,
            verdict=verdict,
            code=decision.code,
            at=decision.at,
            seconds=seconds,
            hurried=False,
            changed=changed.get(one.n, 0.0),
            age=age_group(identity.born, decision.at.date()),
            sex=identity.sex or UNKNOWN,
            language=identity.language or UNKNOWN,
            run_id=item.run_id,
            patient=item.patient,
        )


def _verdict(item: Item, decision: Decision, n: int, changed: Mapping[int, float]) -> Verdict | None:
    """What became of one entry; ``None`` for one that an edit of another carried along, which is decided later."""
    if decision.verb == "approve":
        return "signed" if n in (item.approved_entries or ()) else "left out"
    if decision.verb == "edit":
        return "edited" if n in changed else None
    return _OF_VERB[decision.verb]


def _hurried(one: Outcome, signed: Sequence[Pace]) -> bool:
    return one.verdict == "signed" and any(pace.hurried for pace in signed)


def _changed(connection: Transaction, item: Item) -> dict[int, float]:
    """By entry the share of its text that an edit replaced; entries that stayed as they were are not there."""
    if item.next_item is None:
        return {}
    after = {e.n: e for e in load_proposal(connection, known_item(connection, item.next_item)).entries}
    found = {}
    for entry in load_proposal(connection, item).entries:
        edited = after.get(entry.n)
        if edited is None or edited.sha256 != entry.sha256:
            texts = readable(entry.resource), readable(edited.resource) if edited else ""
            found[entry.n] = 1 - SequenceMatcher(None, *texts, autojunk=False).ratio()
    return found
