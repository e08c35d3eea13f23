"""Putting documents into the local index: each file whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
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

    def add_file(self, name: str, sha256: str, documents: Iterable[Document | Gone], *, now: datetime) -> int | None:
        """Bring the index to what a file holds now; what the file held before and does not hold any more leaves it.

        Args:
            name: what the index calls the file; its documents have it as their `origin`.
            sha256: of the file's bytes.
            documents: what it holds; read only where its bytes have changed.
            now: wall time.

        Returns:
            How many documents it holds; None where it has not changed since it was indexed.
        """
        if self._db.execute("SELECT 1 FROM file WHERE name = ? AND sha256 = ?", (name, sha256)).fetchone():
            return None
        seen: set[str] = set()

        def watched() -> Iterator[Document | Gone]:
            for document in documents:
                seen.add(document.key)
                yield document
            for key in self._keys_of(name):
                if key not in seen:
                    yield Gone(key=key)
            self._db.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?)", (name, sha256, now.isoformat()))

        return self.add(watched(), now=now)

    def remove(self, name: str) -> int:
        """Take out a document by its key, a file by its name, or a folder by its name; gives how many documents."""
        self._db.execute("BEGIN IMMEDIATE")
        files = self._files_of(name)
        keys = [key for each in files for key in self._keys_of(each)] if files else [name]
        for each in files or self._origin_of(name):
            # A file of which something was taken out has to be read again when it is indexed again.
            self._db.execute("DELETE FROM file WHERE name = ?", (each,))
        count = sum(self._take_out(key) for key in keys)
        self._db.execute("COMMIT")
        return count

    def _files_of(self, name: str) -> list[str]:
        """The file of a name, or those in the folder of that name."""
        inside = f"{name.rstrip('/')}/"
        known = self._db.execute("SELECT name FROM file UNION SELECT DISTINCT origin FROM document").fetchall()
        return [each for (each,) in known if each == name or each.startswith(inside)]

    def _keys_of(self, file: str) -> list[str]:
        return [key for (key,) in self._db.execute("SELECT key FROM document WHERE origin = ?", (file,)).fetchall()]

    def _origin_of(self, key: str) -> list[str]:
        return [file for (file,) in self._db.execute("SELECT origin FROM document WHERE key = ?", (key,)).fetchall()]

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
