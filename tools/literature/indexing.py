"""Putting documents into the local index: each file whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.literature import schema
from tools.literature.analysis import terms
from tools.literature.cutting import Cut, cuts
from tools.literature.document import Document, Gone
from tools.literature.ranking import stored


class IndexWriter:
    """Writes to one index file; what one `add` was given is there in full, or nothing of it."""

    def __init__(self, path: Path) -> None:
        """Open the index; it is made where there is none.

        Raises:
            IndexUnusable: the file is no index of this version.
        """
        self._db = schema.create(path)

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._db.close()

    def add(self, documents: Iterable[Document | Gone], *, now: datetime) -> int:
        """Add documents, or put them in the place of those with the same key; gives how many.

        An error while documents are read leaves the index as it was.
        """
        self._db.execute("BEGIN IMMEDIATE")
        try:
            count = 0
            for document in documents:
                if isinstance(document, Gone):
                    self._take_out(document.key)
                else:
                    self._put(document, now)
                    count += 1
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return count

    def remove(self, key: str) -> bool:
        """Take a document out; False where there is none."""
        self._db.execute("BEGIN IMMEDIATE")
        gone = self._take_out(key)
        self._db.execute("COMMIT")
        return gone

    def finish(self) -> None:
        """Bring the search tables into their fastest form, after the last `add`."""
        self._db.execute("INSERT INTO words (words) VALUES ('optimize')")

    def _put(self, document: Document, now: datetime) -> None:
        self._take_out(document.key)
        row = self._db.execute(
            "INSERT INTO document (key, title, origin, pmid, doi, year, journal, types, retracted, url, row, added)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                document.key,
                document.title,
                document.origin,
                document.pmid,
                document.doi,
                document.year,
                document.journal,
                json.dumps(document.publication_types),
                document.retracted,
                document.url,
                document.row,
                now.isoformat(),
            ),
        ).lastrowid
        for pmid in document.retracts:
            self._db.execute("INSERT OR REPLACE INTO retraction VALUES (?, ?)", (pmid, document.key))
        title = terms(document.title)
        for cut in cuts(document):
            self._passage(row, cut, title, terms(" ".join((cut.heading, *cut.sentences, *document.subjects))))

    def _passage(self, document: int | None, cut: Cut, title: list[str], body: list[str]) -> None:
        said = json.dumps(cut.sentences, ensure_ascii=False)
        passage = self._db.execute(
            "INSERT INTO passage (document, number, heading, page, sentences, title_terms, body_terms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (document, cut.number, cut.heading, cut.page, said, len(title), len(body)),
        ).lastrowid
        self._db.execute(
            "INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)", (passage, stored(title), stored(body))
        )

    def _take_out(self, key: str) -> bool:
        found = self._db.execute("SELECT id FROM document WHERE key = ?", (key,)).fetchone()
        if found is None:
            return False
        self._db.execute("DELETE FROM words WHERE rowid IN (SELECT id FROM passage WHERE document = ?)", found)
        self._db.execute("DELETE FROM passage WHERE document = ?", found)
        self._db.execute("DELETE FROM document WHERE id = ?", found)
        self._db.execute("DELETE FROM retraction WHERE notice = ?", (key,))
        return True
