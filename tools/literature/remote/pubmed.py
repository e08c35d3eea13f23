"""PubMed through NCBI's E-utilities: esearch keeps the result on the server, efetch reads it in pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tools.literature.concept import ConceptQuery
from tools.literature.document import Document
from tools.literature.passage import Found
from tools.literature.reading.pubmed_xml import read_pubmed
from tools.literature.remote.answering import answered
from tools.literature.remote.cache import Cache
from tools.literature.remote.connection import Connection, Unread
from tools.literature.remote.terms_of_use import TOOL
from tools.literature.source import SourceName
from tools.literature.xml import XmlUnusable, elements, words

PAGE = 100
"""Papers of one efetch."""
_NOT_PAPERS = 'NOT "retracted publication"[Publication Type] NOT "retraction of publication"[Publication Type]'


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """A result that the server keeps for us."""

    count: int
    environment: str
    key: str


class PubMed:
    """The source `pubmed`."""

    name: SourceName = "pubmed"

    def __init__(self, connection: Connection, *, cache: Cache | None = None) -> None:
        """Ask over this connection, and keep answers in this cache."""
        self._connection = connection
        self._cache = cache

    async def find(self, query: ConceptQuery, *, limit: int, now: datetime) -> Found:
        """Papers with an abstract about all concepts of the query, in PubMed's order of relevance.

        Args:
            query: concepts; only the words of our own tables are sent.
            limit: how many papers; 200 at most.
            now: when it is asked; kept answers carry it.

        Raises:
            SourceUnreachable: NCBI could not be asked, or its answer could not be read.
        """
        asked = term_of(query)

        async def fetch(most: int) -> tuple[tuple[Document, ...], int | None]:
            kept = await self._search(asked)
            documents: list[Document] = []
            # By place in the result: a page may hold entries that are no papers.
            for start in range(0, min(most, kept.count), PAGE):
                documents += await self._page(kept, start, min(PAGE, most - start, kept.count - start))
            return tuple(documents), kept.count

        days = self._connection.terms.cache_days
        return await answered(self.name, asked, query, fetch, limit=limit, now=now, cache=self._cache, days=days)

    async def _search(self, term: str) -> _Kept:
        form = {"db": "pubmed", "term": term, "usehistory": "y", "retmax": "0", "sort": "relevance", "retmode": "xml"}
        return await self._connection.ask("esearch.fcgi", self._form(form), _kept)

    async def _page(self, kept: _Kept, start: int, size: int) -> tuple[Document, ...]:
        form = {
            "db": "pubmed",
            "WebEnv": kept.environment,
            "query_key": kept.key,
            "retstart": str(start),
            "retmax": str(size),
            "rettype": "xml",
            "retmode": "xml",
        }
        return await self._connection.ask("efetch.fcgi", self._form(form), _papers)

    def _form(self, form: Mapping[str, str]) -> dict[str, str]:
        terms = self._connection.terms
        own = {"tool": TOOL, "email": terms.email, **({"api_key": terms.key} if terms.key else {})}
        return {**form, **own}


def term_of(query: ConceptQuery) -> str:
    """The query in PubMed's words."""
    parts = (" OR ".join(f'"{word}"[All Fields]' for word in part) for part in query.parts)
    return f"{' AND '.join(f'({part})' for part in parts)} AND hasabstract {_NOT_PAPERS}"


def _kept(body: bytes) -> _Kept:
    found: dict[str, str] = {}
    names = frozenset({"Count", "WebEnv", "QueryKey", "ERROR"})
    try:
        for element in elements([body], names, roots=frozenset({"eSearchResult"})):
            found.setdefault(element.tag, words(element))
    except XmlUnusable as error:
        raise Unread from error
    count = found.get("Count", "")
    if "ERROR" in found or not count.isdigit():
        raise Unread
    if int(count) and not (found.get("WebEnv") and found.get("QueryKey")):
        raise Unread
    return _Kept(count=int(count), environment=found.get("WebEnv", ""), key=found.get("QueryKey", ""))


def _papers(body: bytes) -> tuple[Document, ...]:
    try:
        return tuple(d for d in read_pubmed([body], origin="pubmed") if isinstance(d, Document))
    except XmlUnusable as error:
        raise Unread from error
