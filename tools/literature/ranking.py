"""Which passage answers best: BM25 over two fields, with rare words counting for more than they do in plain BM25."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SATURATION = 1.5
"""BM25's k1: how soon one more mention of a word stops to matter."""
TITLE_WEIGHT = 2.0
"""A mention in the title, beside 1 in the text."""
TITLE_LENGTH = 0.5
"""BM25's b for titles."""
BODY_LENGTH = 0.5
"""BM25's b for texts."""
RARITY = 2.0
"""Power of a word's rarity. In a question of a sentence the one name matters, and `mechanism` or `list` do not."""
PAIR = 0.1
"""Weight of two words of the query that stand side by side, beside the sum of their own weights."""
LONG_QUERY = 16
"""Different terms. In a short question every word counts, so that a passage which lacks one falls; in a letter of this
many few do, and between the two it is a matter of degree."""
LEAST_SHARE = 0.25
"""Of its score, for a passage without any of the query's own words."""

SEPARATOR = "  "
"""Between terms of a stored text; two spaces, so that each term has its own before and after."""


def stored(terms: Iterable[str]) -> str:
    """Terms as a text in which a term is counted by ` term `."""
    return f" {SEPARATOR.join(terms)} "


@dataclass(frozen=True, kw_only=True, slots=True)
class Collection:
    """What the ranking knows of all passages."""

    passages: int
    """How many there are."""
    title_terms: float
    """Mean number of terms of a title."""
    body_terms: float
    """Mean number of terms of a text."""

    def rarity(self, having: int) -> float:
        """The weight of a term that so many passages have."""
        return math.pow(math.log(1 + (self.passages - having + 0.5) / (having + 0.5)), RARITY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One passage to be scored."""

    title: str
    """Its title's terms, as `stored` writes them."""
    body: str
    """Its text's terms, as `stored` writes them."""
    title_terms: int
    """How many terms the title has."""
    body_terms: int
    """How many terms the text has."""


class Scorer:
    """Scores passages for one query."""

    def __init__(self, weights: Mapping[str, float], said: Iterable[str], collection: Collection) -> None:
        """Prepare.

        Args:
            weights: terms with their weights, rarity counted in.
            said: the query's terms in their order, for pairs.
            collection: what is known of all passages.
        """
        self._collection = collection
        said = list(said)
        asked = set(said)
        self._wanted = [(f" {term} ", weight, term in asked) for term, weight in weights.items()]
        pairs = dict.fromkeys((a, b) for a, b in itertools.pairwise(said) if a != b)
        self._wanted += [
            (f" {a}{SEPARATOR}{b} ", PAIR * (weights[a] + weights[b]), False)
            for a, b in pairs
            if a in weights and b in weights
        ]
        self._all = sum(weight for _, weight, own in self._wanted if own)
        self._strictness = max(0.0, 1 - len(asked) / LONG_QUERY)

    def score(self, candidate: Candidate) -> float:
        """How well the passage answers; 0 where it has no word of the query."""
        mean = self._collection
        of_title = TITLE_WEIGHT / (1 - TITLE_LENGTH + TITLE_LENGTH * candidate.title_terms / (mean.title_terms or 1.0))
        of_body = 1 / (1 - BODY_LENGTH + BODY_LENGTH * candidate.body_terms / (mean.body_terms or 1.0))
        total = covered = 0.0
        for wanted, weight, own in self._wanted:
            times = candidate.title.count(wanted) * of_title + candidate.body.count(wanted) * of_body
            if times:
                total += weight * times * (SATURATION + 1) / (times + SATURATION)
                covered += weight if own else 0.0
        return total * self._share(covered)

    def _share(self, covered: float) -> float:
        """What a passage keeps of its score that has so much of the query's own words."""
        if not self._all or not self._strictness:
            return 1.0
        # Something is kept by a passage that has other names only: `heart attack` for `myocardial infarction`.
        return math.pow(max(covered / self._all, LEAST_SHARE), self._strictness)
