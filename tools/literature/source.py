"""The one interface of all sources."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from tools.literature.concept import ConceptQuery
from tools.literature.passage import Found

SourceName = Literal["local", "pubmed", "europepmc"]


class Source(Protocol):
    """Somewhere that papers are looked for."""

    @property
    def name(self) -> SourceName:
        """Which it is."""

    async def find(self, query: ConceptQuery, *, limit: int, now: datetime) -> Found:
        """The passages that answer best, at most one of each document, never one of a retracted document.

        Raises:
            LiteratureError: it could not be asked, in one sentence that says what to do.
        """
