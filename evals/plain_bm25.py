"""Plain BM25, as a measure beside our own search: lower-case words, no stemming, no stop words, nothing tuned."""

from __future__ import annotations

import heapq
import importlib
import importlib.util
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

_WORD = re.compile(r"[a-z0-9]+")
_K1 = 1.5
_B = 0.75

Search = Callable[[str], list[str]]
"""From a query to ids, best first."""


def plain_bm25(texts: Mapping[str, str], *, depth: int) -> tuple[str, Search]:
    """Whose BM25 it is, and the search over texts by id."""
    if importlib.util.find_spec("rank_bm25") is not None:
        return "rank-bm25", _packaged(texts, depth)
    return "evals.plain_bm25", _own(texts, depth)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _packaged(texts: Mapping[str, str], depth: int) -> Search:
    # By name, because it is a tool for measuring that an installation for users does not have.
    split = [_words(text) for text in texts.values()]
    engine = importlib.import_module("rank_bm25").BM25Okapi(split)
    ids, held = list(texts), [frozenset(words) for words in split]

    def search(query: str) -> list[str]:
        asked = _words(query)
        scores = engine.get_scores(asked)
        # The package scores every text; one that shares no word with the query was not found.
        found = [at for at in range(len(ids)) if not held[at].isdisjoint(asked)]
        return [ids[at] for at in heapq.nlargest(depth, found, key=lambda at: (scores[at], -at))]

    return search


def _own(texts: Mapping[str, str], depth: int) -> Search:
    counts = {id_: Counter(_words(text)) for id_, text in texts.items()}
    lengths = {id_: sum(count.values()) for id_, count in counts.items()}
    mean = sum(lengths.values()) / max(len(lengths), 1)
    postings: dict[str, dict[str, int]] = defaultdict(dict)
    for id_, count in counts.items():
        for word, times in count.items():
            postings[word][id_] = times

    def search(query: str) -> list[str]:
        scores: dict[str, float] = defaultdict(float)
        for word in _words(query):
            having = postings.get(word, {})
            rarity = math.log(1 + (len(counts) - len(having) + 0.5) / (len(having) + 0.5))
            for id_, times in having.items():
                scores[id_] += rarity * times * (_K1 + 1) / (times + _K1 * (1 - _B + _B * lengths[id_] / mean))
        return [id_ for id_, _ in heapq.nlargest(depth, scores.items(), key=lambda one: one[1])]

    return search
