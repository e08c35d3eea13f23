"""The state of a round: references only, so that no checkpoint ever holds a word of a chart."""

from __future__ import annotations

import operator
from typing import Annotated, TypedDict

GRAPH_VERSION = "1"
"""Kept with each round; node names are a contract from one release to the next."""


class RoundState(TypedDict, total=False):
    """Ids and hashes of artifacts."""

    run_id: str
    """The round; its row holds patient, tasks and ``as_of``."""
    prepared: str
    """Artifact of the proposal that was prepared; not there when a reasoner drafts."""
    plan: str
    """Artifact of the calls to make next."""
    made: str
    """Artifact of the calls that were made."""
    evidence: Annotated[list[str], operator.add]
    """Artifacts of what was read, one a pass."""
    since: int
    """Evidence before this index belongs to an earlier version of the round and is not used."""
    refreshable: bool
    """Whether a later round may refresh what this one read."""
    passes: int
    """How often the plan was widened."""
    outcomes: str
    """Artifact of what guidelines said."""
    literature: str
    """Artifact of the passages of literature that were found."""
    drafts: str
    """Artifact of the drafts as worded."""
    repairs: int
    """How often drafts went back to the reasoner."""
    verified: str
    """Artifact of the drafts that stand."""
    item_id: str
    """The review item."""
    proposal_sha256: str
    """What a decision must be about."""
    revision: int
    """Revision of the next proposal."""
    outcome: str
    """How the round ends."""
