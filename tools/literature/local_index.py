"""Searching the local index: SQLite's full-text engine finds candidates, our own ranking puts them in order."""

from __future__ import annotations

import difflib
import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tools.literature import schema
from tools.literature.analysis import terms
from tools.literature.errors import IndexUnusable, QueryUnusable
from tools.literature.expansion import expanded
from tools.literature.passage import Found, Passage
from tools.literature.ranking import Candidate, Collection, Scorer

CANDIDATES = 200
"""Passages that are scored exactly, for each query."""
COMMON = 0.15
"""A term that a larger share of all passages has finds no candidates, but where it has few: it only helps to order."""
MOST_TERMS = 24
"""Terms that find candidates; the rarest are taken."""
MISSPELT = 0.84
"""How alike a word that no passage has must be to one that some have, to be read as it (difflib's ratio)."""
LEAST_MISSPELT = 6
"""Letters; a shorter unknown word is not read as another."""

_CANDIDATES = """
SELECT words.rowid, words.title, words.body, passage.title_terms, passage.body_terms, document.id, document.key,
       document.retracted OR EXISTS (SELECT 1 FROM retraction WHERE retraction.pmid = document.pmid)
FROM (SELECT rowid AS found FROM words WHERE words MATCH ? ORDER BY bm25(words, 3.0, 1.0) LIMIT ?)
JOIN words ON words.rowid = found
JOIN passage ON passage.id = found JOIN document ON document.id = passage.document
WHERE document.key NOT IN (SELECT notice FROM retraction)
"""
"""A notice of a retraction is no evidence, so it is not a candidate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """One file that the index holds documents of."""

    name: str
    """What the index calls it: its path from the folder that was given, that folder's name first."""
    documents: int
    """How many documents."""
    retracted: int
    """How many of them were retracted."""
    added: datetime
    """When it was last indexed."""


class LocalIndex:
    """An index file, open for searching; one may be used from several threads."""

    name = "local"

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            IndexMissing: there is none.
            IndexUnusable: the file is no index of this version.
        """
        self._db = schema.read(path)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def search(self, query: str, *, limit: int = 10) -> Found:
        """The passages that answer best, at most one of each document, never one of a retracted document.

        Args:
            query: words; nothing in them is an operator. They stay on this machine.
            limit: how many, from 1.

        Raises:
            QueryUnusable: there is no word to look for.
            IndexUnusable: the file is damaged.
        """
        said = terms(query)
        if not said:
            raise QueryUnusable
        try:
            with self._lock:
                return self._search(query, said, limit)
        except sqlite3.DatabaseError as error:
            raise IndexUnusable from error

    def passages(self, keys: Iterable[str]) -> tuple[Passage, ...]:
        """All passages of some documents that may be cited, for opening what a citation names."""
        with self._lock:
            rows = [
                row
                for key in keys
                for row in self._db.execute(
                    "SELECT passage.id FROM passage JOIN document ON document.id = passage.document"
                    " WHERE document.key = ?"
                    " AND NOT document.retracted AND NOT EXISTS"
                    " (SELECT 1 FROM retraction WHERE retraction.pmid = document.pmid) ORDER BY passage.number",
                    (key,),
                )
            ]
            return tuple(self._passage(row[0], 0.0) for row in rows)

    def retracted(self, keys: Iterable[str]) -> frozenset[str]:
        """Those among some documents that were retracted."""
        with self._lock:
            return frozenset(
                key
                for key in keys
                if self._db.execute(
                    "SELECT 1 FROM document WHERE key = ? AND (retracted OR EXISTS"
                    " (SELECT 1 FROM retraction WHERE retraction.pmid = document.pmid))",
                    (key,),
                ).fetchone()
            )

    def files(self) -> tuple[Held, ...]:
        """What the index holds, file by file, in name order."""
        with self._lock:
            rows = self._db.execute(
                "SELECT origin, count(*), sum(retracted OR EXISTS"
                " (SELECT 1 FROM retraction WHERE retraction.pmid = document.pmid)), max(added)"
                " FROM document GROUP BY origin ORDER BY origin"
            ).fetchall()
        return tuple(
            Held(name=name, documents=count, retracted=gone, added=datetime.fromisoformat(added))
            for name, count, gone, added in rows
        )

    @property
    def documents(self) -> int:
        """How many documents the index holds."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM document").fetchone()[0])

    def _search(self, query: str, said: list[str], limit: int) -> Found:
        wanted = expanded(said)
        having = {term: self._having(term) for term in wanted}
        read_as: dict[str, str] = {}
        for term in [t for t in dict.fromkeys(said) if not having[t]]:
            other = self._alike(term)
            if other is not None:
                read_as[term] = other
                wanted.setdefault(other, wanted[term])
                having[other] = self._having(other)
        weights = {t: w * self._collection.rarity(having[t]) for t, w in wanted.items() if having[t]}
        scorer = Scorer(weights, [read_as.get(t, t) for t in said], self._collection)
        best: dict[str, tuple[float, int]] = {}
        withheld: dict[str, float] = {}
        for row in self._candidates(weights, having):
            score = scorer.score(Candidate(title=row[1], body=row[2], title_terms=row[3], body_terms=row[4]))
            key = row[6]
            if row[7]:
                withheld[key] = max(score, withheld.get(key, 0.0))
            elif key not in best or score > best[key][0]:
                best[key] = (score, row[0])
        ranked = sorted(best.items(), key=lambda one: (-one[1][0], one[1][1]))
        shown = ranked[:limit]
        least = shown[-1][1][0] if len(shown) == limit else 0.0
        return Found(
            source=self.name,
            asked=" ".join(query.split()),
            passages=tuple(self._passage(row, score) for _, (score, row) in shown),
            total=None,
            truncated=len(ranked) > limit,
            withheld=tuple(sorted(key for key, score in withheld.items() if score >= least)),
            read_as=tuple(read_as.items()),
        )

    def _candidates(self, weights: Mapping[str, float], having: Mapping[str, int]) -> list[tuple[Any, ...]]:
        rarest = sorted(weights, key=lambda t: (-weights[t], t))
        bound = max(COMMON * self._collection.passages, CANDIDATES)
        finding = [t for t in rarest if having[t] <= bound] or rarest[:1]
        if not finding:
            return []
        match = " OR ".join(f'"{term}"' for term in finding[:MOST_TERMS])
        return self._db.execute(_CANDIDATES, (match, CANDIDATES)).fetchall()

    @cached_property
    def _collection(self) -> Collection:
        count, title, body = self._db.execute(
            "SELECT count(*), coalesce(avg(title_terms), 0), coalesce(avg(body_terms), 0) FROM passage"
        ).fetchone()
        return Collection(passages=count, title_terms=title, body_terms=body)

    def _having(self, term: str) -> int:
        found = self._db.execute("SELECT doc FROM vocabulary WHERE term = ?", (term,)).fetchone()
        return int(found[0]) if found else 0

    def _alike(self, term: str) -> str | None:
        """The word of the index that a misspelt one most likely is; it begins with the same two letters."""
        if len(term) < LEAST_MISSPELT or not term.isalpha():
            return None
        start = term[:2]
        near = self._db.execute(
            "SELECT term FROM vocabulary WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ?",
            (start, start + "\U0010ffff", len(term) - 2, len(term) + 2),
        )
        found = difflib.get_close_matches(term, [row[0] for row in near], n=1, cutoff=MISSPELT)
        return found[0] if found else None

    def _passage(self, row: int, score: float) -> Passage:
        found = self._db.execute(
            "SELECT document.key, passage.number, document.title, passage.heading, passage.sentences, document.origin,"
            " document.pmid, document.doi, document.year, document.journal, document.types, document.url, passage.page"
            " FROM passage JOIN document ON document.id = passage.document WHERE passage.id = ?",
            (row,),
        ).fetchone()
        return Passage(
            id=f"{found[0]}/{found[1]}",
            document=found[0],
            title=found[2],
            heading=found[3],
            sentences=tuple(json.loads(found[4])),
            origin=found[5],
            pmid=found[6],
            doi=found[7],
            year=found[8],
            journal=found[9],
            publication_types=tuple(json.loads(found[10])),
            url=found[11],
            page=found[12],
            score=score,
        )
