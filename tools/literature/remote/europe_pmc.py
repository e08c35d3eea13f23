"""Europe PMC through its REST service, JSON, page by page with a cursor."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tools.literature.concept import ConceptQuery
from tools.literature.document import Document, Section
from tools.literature.passage import Found
from tools.literature.reading.jsonl import doi_in
from tools.literature.remote.answering import answered
from tools.literature.remote.cache import Cache
from tools.literature.remote.connection import Connection, Unread
from tools.literature.source import SourceName

PAGE = 100
"""Papers of one page."""
_TAG = re.compile(r"<[^>]+>")
_BLOCK = re.compile(r"<(?:h\d|/?p|br)\b[^>]*>")
_HEADING_END = re.compile(r"</h\d>")
_RETRACTED_TYPES = frozenset({"retracted publication", "withdrawn publication"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    documents: tuple[Document, ...]
    total: int
    cursor: str | None


class EuropePmc:
    """The source `europepmc`."""

    name: SourceName = "europepmc"

    def __init__(self, connection: Connection, *, cache: Cache | None = None) -> None:
        """Ask over this connection, and keep answers in this cache."""
        self._connection = connection
        self._cache = cache

    async def find(self, query: ConceptQuery, *, limit: int, now: datetime) -> Found:
        """Papers of MEDLINE with an abstract about all concepts of the query, in Europe PMC's order of relevance.

        Args:
            query: concepts; only the words of our own tables are sent.
            limit: how many papers; 200 at most.
            now: when it is asked; kept answers carry it.

        Raises:
            SourceUnreachable: Europe PMC could not be asked, or its answer could not be read.
        """
        asked = query_of(query)

        async def fetch(most: int) -> tuple[tuple[Document, ...], int | None]:
            documents: list[Document] = []
            cursor: str | None = "*"
            total = 0
            while cursor is not None and len(documents) < most:
                page = await self._page(asked, cursor, min(PAGE, most - len(documents)))
                total = page.total
                # The last page repeats its own cursor.
                cursor = page.cursor if page.documents and page.cursor != cursor else None
                documents += page.documents
            return tuple(documents), total

        days = self._connection.terms.cache_days
        return await answered(self.name, asked, query, fetch, limit=limit, now=now, cache=self._cache, days=days)

    async def _page(self, asked: str, cursor: str, size: int) -> _Page:
        form = {"query": asked, "format": "json", "resultType": "core", "pageSize": str(size), "cursorMark": cursor}
        email = self._connection.terms.email
        return await self._connection.ask("searchPOST", form | ({"email": email} if email else {}), _page)


def query_of(query: ConceptQuery) -> str:
    """The query in Europe PMC's words."""
    parts = (" OR ".join(f'"{word}"' for word in part) for part in query.parts)
    return f"{' AND '.join(f'({part})' for part in parts)} AND HAS_ABSTRACT:y AND SRC:MED"


def _page(body: bytes) -> _Page:
    try:
        answer = json.loads(body)
        rows = answer["resultList"]["result"]
        documents = tuple(_document(row) for row in rows)
        return _Page(documents=documents, total=int(answer["hitCount"]), cursor=answer.get("nextCursorMark"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unread from error


def _document(row: Mapping[str, Any]) -> Document:
    pmid = str(row.get("pmid") or "")
    doi = doi_in(str(row.get("doi") or ""))
    own = f"{row['source']}:{row['id']}"
    types = tuple(str(t) for t in (row.get("pubTypeList") or {}).get("pubType", ()))
    abstract = _plain(str(row.get("abstractText") or ""))
    journal = (row.get("journalInfo") or {}).get("journal") or {}
    year = str(row.get("pubYear") or "")
    corrections = list(_corrections(row))
    return Document(
        key=f"pmid:{pmid}" if pmid.isdigit() else f"doi:{doi}" if doi else f"europepmc:{own}",
        title=_plain(str(row["title"])),
        sections=(Section(text=abstract),) if abstract else (),
        origin="europepmc",
        pmid=pmid if pmid.isdigit() else None,
        doi=doi,
        year=int(year) if year.isdigit() else None,
        journal=journal.get("isoabbreviation") or journal.get("medlineAbbreviation") or journal.get("title"),
        publication_types=types,
        retracted=any(t.lower() in _RETRACTED_TYPES for t in types)
        or any(kind.startswith("retraction in") for kind, _ in corrections),
        retracts=tuple(of for kind, of in corrections if kind.startswith("retraction of") and of.isdigit()),
        url=f"https://europepmc.org/article/{row['source']}/{row['id']}",
    )


def _corrections(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind of each link, lower case, and the id that it leads to."""
    for each in (row.get("commentCorrectionList") or {}).get("commentCorrection", ()):
        yield str(each.get("type", "")).lower(), str(each.get("id", ""))


def _plain(text: str) -> str:
    """Words without HTML: headings of an abstract end as sentences do."""
    apart = _BLOCK.sub(" ", _HEADING_END.sub(": ", text))
    return " ".join(html.unescape(_TAG.sub("", apart)).split())
