"""From a source's documents to what a search brings back, with answers kept and retracted papers left out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from tools.literature.analysis import terms
from tools.literature.concept import ConceptQuery
from tools.literature.cutting import cuts, passage_of
from tools.literature.document import Document
from tools.literature.passage import Found, Passage
from tools.literature.remote.cache import Answer, Cache
from tools.literature.source import SourceName

MOST = 200
"""Documents of one search."""

Fetch = Callable[[int], Awaitable[tuple[tuple[Document, ...], int | None]]]
"""From how many to the documents in the source's order, and how many match in all."""


async def answered(
    source: SourceName,
    asked: str,
    query: ConceptQuery,
    fetch: Fetch,
    *,
    limit: int,
    now: datetime,
    cache: Cache | None,
    days: int,
) -> Found:
    """Ask a source, or take what it answered not long ago."""
    most = min(max(limit, 1), MOST)
    answer = cache.kept(source, asked, most, now=now, days=days) if cache else None
    if answer is None:
        documents, total = await fetch(most)
        answer = Answer(documents=documents, total=total, fetched=now)
        if cache:
            cache.keep(source, asked, most, answer)
    gone = {f"pmid:{pmid}" for d in answer.documents for pmid in d.retracts}
    withheld = [d.key for d in answer.documents if d.retracted or d.key in gone]
    # A notice of a retraction is no evidence either.
    citable = [d for d in answer.documents if d.key not in withheld and not d.retracts][:most]
    wanted = set(terms(query.text))
    total = answer.total
    return Found(
        source=source,
        asked=asked,
        passages=tuple(_best(d, wanted, 1.0 / rank) for rank, d in enumerate(citable, start=1)),
        total=total,
        truncated=total is None or total > len(answer.documents),
        withheld=tuple(withheld),
        fetched=answer.fetched,
    )


def _best(document: Document, wanted: set[str], score: float) -> Passage:
    """The stretch that speaks most of what was asked; the source's own rank is its score."""
    best = max(cuts(document), key=lambda cut: (len(wanted & set(terms(" ".join(cut.sentences)))), -cut.number))
    return passage_of(document, best, score=score)
