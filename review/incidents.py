"""Incidents: what reviewers reported as harm or near harm, and the recommendations that such a report pauses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from review.opening import known_item, load_proposal
from review.reasons import reasons
from store import decisions
from store.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """One rejection whose reason opens an incident."""

    item_id: str
    """The item that was rejected."""
    run_id: str
    """The round that drafted it."""
    code: str
    """The reason."""
    words: str | None
    """The reviewer's own words."""
    person: str
    """Who reported it."""
    at: datetime
    """When."""
    recommendations: tuple[str, ...]
    """Canonical addresses with version of the recommendations among its entries."""
    pauses: bool
    """Whether those recommendations are paused until somebody has looked at it."""


def incidents(db: Database) -> tuple[Incident, ...]:
    """Every incident, newest first.

    Raises:
        ProposalDamaged: when a rejected proposal is not what was stored.
    """
    opening = {r.code: r for r in reasons() if r.incident or r.pauses}
    with db.read() as connection:
        found = []
        for decision in decisions.with_codes(connection, opening):
            item = known_item(connection, decision.item_id)
            entries = load_proposal(connection, item).entries
            found.append(
                Incident(
                    item_id=item.item_id,
                    run_id=item.run_id,
                    code=str(decision.code),
                    words=decision.words,
                    person=decision.person,
                    at=decision.at,
                    recommendations=tuple(
                        canonical for entry in entries for canonical in entry.resource.get("instantiatesCanonical", ())
                    ),
                    pauses=opening[str(decision.code)].pauses,
                )
            )
    return tuple(found)


def paused(db: Database) -> frozenset[str]:
    """Canonical addresses, without version, of the recommendations that a report has paused."""
    return frozenset(c.partition("|")[0] for one in incidents(db) if one.pauses for c in one.recommendations)
