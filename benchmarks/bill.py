"""What one round takes of everything it passes: processor, FHIR server, model, database, disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from statistics import fmean


@dataclass(frozen=True, kw_only=True, slots=True)
class Bill:
    """One chart's round up to its approval, or the mean of several."""

    name: str
    """The chart."""
    entries: float
    """Its resources."""
    core_seconds: float
    """CPU seconds of the worker's process: reading, appraising, verifying, keeping."""
    node_seconds: float
    """CPU seconds of the Node worker that evaluates guidelines."""
    requests: float
    """FHIR requests."""
    fhir_seconds: float
    """CPU seconds of the FHIR server; of our sandbox, where that was measured."""
    read_bytes: float
    """Bytes that the FHIR server sent."""
    calls: float
    """Model calls."""
    prompt_tokens: float
    """Tokens of all prompts."""
    new_tokens: float
    """Those of them that no earlier prompt of the round begins with, so that no prefix cache has them."""
    writes: float
    """Transactions that write; the store lets one do so at a time."""
    kept_bytes: float
    """What stays in the database after the round is closed, artifacts apart."""
    artifact_bytes: float
    """Charts read, drafts and proposal, as they are stored."""


def mean(bills: Sequence[Bill]) -> Bill:
    """The mean round of several, each chart alike."""
    figures = [f.name for f in fields(Bill) if f.name != "name"]
    rows = [asdict(b) for b in bills]
    return Bill(name="mean", **{f: fmean(row[f] for row in rows) for f in figures})
