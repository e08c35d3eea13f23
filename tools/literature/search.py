"""The tool: look for literature, in the local index or in a source that the settings allow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tools.evidence import Coverage
from tools.literature.concept import ConceptQuery
from tools.literature.errors import LiteratureError
from tools.literature.local_index import LocalIndex
from tools.literature.passage import Found, Passage, Sentence, sentence_at
from tools.literature.source import Source, SourceName


@dataclass(frozen=True, kw_only=True, slots=True)
class LiteratureEvidence:
    """The passages of one tool call beside the line that says how the call went."""

    coverage: Coverage
    """How the asking went; `found` counts passages."""
    passages: tuple[Passage, ...]
    """Best first; none of a retracted document."""
    withheld: tuple[str, ...]
    """Keys of retracted documents that match."""
    fetched: datetime | None
    """When a source over the network answered; None for the local index."""

    def sentence(self, address: str) -> Sentence | None:
        """The sentence that a claim cites, `<passage id>#<index>`; None where it is not in this evidence."""
        return sentence_at(self.passages, address)


class LocalSource:
    """The local index as a source among others."""

    name: SourceName = "local"

    def __init__(self, index: LocalIndex) -> None:
        """Search this index."""
        self._index = index

    async def find(self, query: ConceptQuery, *, limit: int, now: datetime) -> Found:
        """Search for the query's words; `now` says nothing here."""
        return await asyncio.to_thread(self._index.search, query.text, limit=limit)


async def search_literature(
    index: LocalIndex, query: str | ConceptQuery, *, limit: int = 5, coverage_id: str = "c1"
) -> LiteratureEvidence:
    """Look in the local index; nothing leaves this machine.

    Args:
        index: the index.
        query: words, or concepts.
        limit: how many passages, at most one of each document.
        coverage_id: the caller's short name of this call.

    Returns:
        Evidence; a failure is its coverage line's error, and nothing found is a result.
    """
    text = query if isinstance(query, str) else query.text
    # A question may repeat words of a chart, so its words are not said in the coverage line; concepts are ours.
    asked = "a question in words" if isinstance(query, str) else text
    try:
        found = await asyncio.to_thread(index.search, text, limit=limit)
    except LiteratureError as error:
        return _failed(coverage_id, "local", asked, error)
    return _evidence(coverage_id, asked, found)


async def search_sources(
    sources: Sequence[Source], query: ConceptQuery, *, now: datetime, limit: int = 5
) -> tuple[LiteratureEvidence, ...]:
    """Ask several sources side by side, in concepts; one that fails is a coverage line that says so.

    Args:
        sources: those that the settings allow.
        query: concepts of our own tables; nothing else can leave.
        now: when it is asked.
        limit: how many passages of each source.

    Returns:
        Evidence, source by source in their order, with coverage lines `l1`, `l2`, ….
    """

    async def one(number: int, source: Source) -> LiteratureEvidence:
        try:
            found = await source.find(query, limit=limit, now=now)
        except LiteratureError as error:
            return _failed(f"l{number}", source.name, query.text, error)
        return _evidence(f"l{number}", query.text, found)

    return tuple(await asyncio.gather(*(one(number, source) for number, source in enumerate(sources, start=1))))


def _evidence(coverage_id: str, asked: str, found: Found) -> LiteratureEvidence:
    return LiteratureEvidence(
        coverage=Coverage(
            id=coverage_id,
            tool="literature_search",
            query=f"{found.source}: {asked}",
            found=len(found.passages),
            truncated=found.truncated,
            error=None,
        ),
        passages=found.passages,
        withheld=found.withheld,
        fetched=found.fetched,
    )


def _failed(coverage_id: str, source: str, asked: str, error: LiteratureError) -> LiteratureEvidence:
    line = Coverage(
        id=coverage_id,
        tool="literature_search",
        query=f"{source}: {asked}",
        found=0,
        truncated=False,
        error=str(error),
    )
    return LiteratureEvidence(coverage=line, passages=(), withheld=(), fetched=None)
