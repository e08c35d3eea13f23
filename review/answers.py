"""Answers: what reviewers said about a suggestion for one patient, so that it is not made again before its time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from review.errors import ProposalPurged
from review.opening import known_item, load_proposal
from review.reasons import reasons
from store import decisions
from store.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The last answer to one recommendation for one patient."""

    says: Literal["done", "declined", "later"]
    """What it comes to."""
    words: str
    """The reason in words."""
    at: datetime
    """When it was given, wall time."""
    days: int | None
    """For how many days it counts; the recommendation's own interval without."""


def answers(db: Database, patient: str) -> Mapping[str, Answer]:
    """The answers for one patient by the canonical address, without version, of the recommendation.

    Args:
        db: the state's database.
        patient: reference, `Patient/…`.

    Raises:
        ProposalDamaged: when a rejected proposal is not what was stored.
    """
    known = {each.code: each for each in reasons() if each.answers}
    found: dict[str, Answer] = {}
    with db.read() as connection:
        for decision in decisions.with_codes(connection, known, patient=patient):  # newest first
            reason = known[str(decision.code)]
            item = known_item(connection, decision.item_id)
            try:
                proposal = load_proposal(connection, item)
            except ProposalPurged:
                continue
            if reason.answers is None:
                continue
            covered = {sha256 for _, sha256 in decision.entries}
            for entry in proposal.entries:
                if entry.sha256 in covered:
                    for canonical in entry.resource.get("instantiatesCanonical", ()):
                        address = str(canonical).partition("|")[0]
                        answer = Answer(says=reason.answers, words=reason.display, at=decision.at, days=reason.days)
                        found.setdefault(address, answer)
    return found
