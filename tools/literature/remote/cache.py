"""Answers kept with their dates, so that a question is not asked twice; they hold papers and concepts, no patient."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tools.literature.document import Document, Section
from tools.literature.errors import IndexUnusable

_TABLE = """
CREATE TABLE IF NOT EXISTS answer (
    source TEXT NOT NULL, asked TEXT NOT NULL, most INTEGER NOT NULL, fetched TEXT NOT NULL, total INTEGER,
    documents TEXT NOT NULL, PRIMARY KEY (source, asked, most)
) WITHOUT ROWID
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a source answered."""

    documents: tuple[Document, ...]
    """In its order."""
    total: int | None
    """How many match in all."""
    fetched: datetime
    """When."""


class Cache:
    """A file of answers."""

    def __init__(self, path: Path) -> None:
        """Open it; it is made where there is none.

        Raises:
            IndexUnusable: the file is something else.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
            self._db.execute(_TABLE)
        except (sqlite3.Error, OSError) as error:
            msg = "The file of kept literature answers cannot be used: remove it, then search again."
            raise IndexUnusable(msg) from error
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def kept(self, source: str, asked: str, most: int, *, now: datetime, days: int) -> Answer | None:
        """An answer that is not older than so many days and not from the future; None without one."""
        with self._lock:
            row = self._db.execute(
                "SELECT fetched, total, documents FROM answer WHERE source = ? AND asked = ? AND most = ?",
                (source, asked, most),
            ).fetchone()
        if row is None or not timedelta(0) <= now - datetime.fromisoformat(row[0]) <= timedelta(days=days):
            return None
        documents = tuple(_document(each) for each in json.loads(row[2]))
        return Answer(documents=documents, total=row[1], fetched=datetime.fromisoformat(row[0]))

    def keep(self, source: str, asked: str, most: int, answer: Answer) -> None:
        """Keep an answer in the place of an older one."""
        documents = json.dumps([asdict(d) for d in answer.documents], ensure_ascii=False)
        with self._lock:
            self._db.execute(
                "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?)",
                (source, asked, most, answer.fetched.isoformat(), answer.total, documents),
            )


def _document(row: dict[str, Any]) -> Document:
    lists = {k: tuple(row[k]) for k in ("publication_types", "retracts", "subjects")}
    return Document(**{**row, **lists, "sections": tuple(Section(**s) for s in row["sections"])})
