"""What nodes may use; made outside, never stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agents.reasoner import Reasoner
from claims.author import Author
from graphs.clock import Clock
from graphs.reading import ReadingCache
from review.policy import Policy
from store.database import Database
from store.leases import Leases
from tools.fhir.client import FhirClient
from tools.guidelines.library import GuidelineLibrary
from tools.guidelines.worker import GuidelineWorker
from tools.literature.shelf import Shelf
from tools.observer import NOBODY, Observer


class Writing(Protocol):
    """Opens a writer when, and only when, something signed is to be written; the type is known to ``graphs.commit``."""

    def __call__(self, signed_by: str | None) -> object:
        """An async context manager that gives the writer.

        Args:
            signed_by: the key of who signed last; a person who was launched from the EHR writes with their own token.

        Raises:
            tools.fhir.errors.FhirUnreachable: that token is gone.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Services:
    """The round's surroundings."""

    db: Database
    """Runs, items, decisions, outbox, artifacts."""
    leases: Leases
    """Who may drive a round now."""
    client: FhirClient
    """Reads one FHIR server; cannot write."""
    writing: Writing
    """Opens the writer."""
    reasoner: Reasoner
    """Plans, weighs, words."""
    worker: GuidelineWorker
    """Evaluates guidelines."""
    library: GuidelineLibrary
    """The recommendations."""
    policy: Policy
    """Who signs what."""
    author: Author
    """Who drafts: device, version, model."""
    clock: Clock
    """Wall time and counters."""
    shelf: Shelf = field(default_factory=Shelf)
    """The literature; empty where no index was built and no source is allowed."""
    site_tables: Path | None = None
    """A site's own appraisal tables."""
    site: str = "main"
    """Where rounds that begin here belong, as switches name it."""
    cache: ReadingCache = field(default_factory=ReadingCache)
    """Charts of this process, so that a resource is parsed once."""
    urgent: Callable[[str], None] = lambda words: None
    """Told each critical value in words as soon as the chart is appraised: it waits for no draft and no queue."""
    progress: Callable[[str, str], None] = lambda node, state: None
    """Told when a node starts (``started``) and ends (``done``)."""
    observer: Observer = NOBODY
    """Watches rounds and nodes, and what the verifier makes of drafts."""
