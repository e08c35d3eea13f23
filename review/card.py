"""An item's card: what the queue shows of it, kept beside the item so that a long queue opens no chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from chart.identity import Identity
from review.entry import Entry
from review.item import Tier
from review.proposal import Proposal
from review.reading import readable
from store import artifacts
from store.database import Transaction

KIND = "card"
"""The kind of artifact that it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What a round knows of its patient that a proposal does not say."""

    identity: Identity
    """Who it is."""
    critical: tuple[str, ...] = ()
    """Critical values, in words."""
    services: tuple[str, ...] = ()
    """The service that the patient is with: codes and names of the last encounter's class and service type."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    """One entry, in a line."""

    n: int
    """Its number."""
    task: str
    """The task that it came from."""
    title: str
    """What it is."""
    kind: str
    """The resource's type."""
    tier: Tier
    """Its tier."""
    change: bool
    """Whether it changes what the record has."""
    guidelines: tuple[str, ...] = ()
    """Canonical addresses, without version, of the recommendations that it stands on."""
    words: int = 0
    """How many words there are to read in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One item as a line of the queue."""

    identity: Identity
    """Who it is about."""
    critical: tuple[str, ...]
    """Critical values, in words."""
    proposed: tuple[Proposed, ...]
    """What would be written, in the proposal's order."""
    services: tuple[str, ...] = ()
    """The service that the patient is with."""

    @property
    def about(self) -> About:
        """What of it a later proposal of the same round has too."""
        return About(identity=self.identity, critical=self.critical, services=self.services)


def card_of(proposal: Proposal, about: About | None) -> Card:
    """The card of a proposal; the patient's reference stands for the name where no more is known."""
    known = about or About(identity=Identity(name=proposal.patient, born=None, sex=None, number=None))
    return Card(
        identity=known.identity,
        critical=known.critical,
        proposed=tuple(map(_proposed, proposal.entries)),
        services=known.services,
    )


def words_in(entry: Entry) -> int:
    """How many words there are to read in an entry."""
    return len(readable(entry.resource).split()) + len(entry.title.split())


def removed(patient: str) -> Card:
    """The card of an item whose proposal was removed when its time was over."""
    return Card(identity=Identity(name=patient, born=None, sex=None, number=None), critical=(), proposed=())


def keep_card(connection: Transaction, card: Card, *, run_id: str, now: datetime) -> str:
    """Keep a card of a round; returns the SHA-256 to find it by."""
    return artifacts.put_json(connection, asdict(card), kind=KIND, run_id=run_id, now=now)


def read_card(connection: Transaction, sha256: str) -> Card:
    """A card that was kept.

    Raises:
        store.artifacts.ArtifactMissing, ArtifactPurged, ArtifactDamaged: when it is not what was kept.
    """
    kept: Mapping[str, Any] = artifacts.get_json(connection, sha256)
    return Card(
        identity=Identity(**kept["identity"]),
        critical=tuple(kept["critical"]),
        proposed=tuple(Proposed(**{**one, "guidelines": tuple(one.get("guidelines", ()))}) for one in kept["proposed"]),
        services=tuple(kept.get("services", ())),
    )


def _proposed(entry: Entry) -> Proposed:
    return Proposed(
        n=entry.n,
        task=entry.task,
        title=entry.title,
        kind=entry.resource["resourceType"],
        tier=entry.tier,
        change=entry.base is not None,
        guidelines=tuple(c.partition("|")[0] for c in entry.resource.get("instantiatesCanonical", ())),
        words=words_in(entry),
    )
