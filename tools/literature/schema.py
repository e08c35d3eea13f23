"""The tables of the local index, and opening its file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tools.literature import analysis
from tools.literature.errors import IndexMissing, IndexUnusable

FORMAT = f"2.{analysis.VERSION}"
"""Kept in the file; another one's index is made again, not guessed at."""

TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS document (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, title TEXT NOT NULL, origin TEXT NOT NULL, pmid TEXT, doi TEXT,
    year INTEGER, journal TEXT, types TEXT NOT NULL, retracted INTEGER NOT NULL, url TEXT, row TEXT, added TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS document_pmid ON document (pmid);
CREATE INDEX IF NOT EXISTS document_doi ON document (doi);
CREATE TABLE IF NOT EXISTS passage (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES document (id), number INTEGER NOT NULL,
    heading TEXT NOT NULL, page INTEGER, sentences TEXT NOT NULL,
    title_terms INTEGER NOT NULL, body_terms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS passage_document ON passage (document);
CREATE INDEX IF NOT EXISTS document_origin ON document (origin);
CREATE TABLE IF NOT EXISTS file (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, added TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS retraction (pmid TEXT PRIMARY KEY, notice TEXT NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (title, body, tokenize = "unicode61 remove_diacritics 0");
CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab (words, row);
"""


def create(path: Path) -> sqlite3.Connection:
    """Open the index for writing; it is made where there is none.

    Raises:
        IndexUnusable: the file is no index of this version.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    return _opened(path.resolve().as_uri() + "?mode=rwc", make=True)


def read(path: Path) -> sqlite3.Connection:
    """Open the index for searching.

    Raises:
        IndexMissing: there is none.
        IndexUnusable: the file is no index of this version.
    """
    if not path.is_file():
        raise IndexMissing
    return _opened(path.resolve().as_uri() + "?mode=ro", make=False)


def _opened(uri: str, *, make: bool) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
    except sqlite3.Error as error:
        raise IndexUnusable from error
    try:
        if make:
            db.executescript(TABLES)
            db.execute("INSERT OR IGNORE INTO about VALUES ('format', ?)", (FORMAT,))
        found = db.execute("SELECT value FROM about WHERE name = 'format'").fetchone()
    except sqlite3.Error as error:
        db.close()
        raise IndexUnusable from error
    if found is None or found[0] != FORMAT:
        db.close()
        raise IndexUnusable
    return db
