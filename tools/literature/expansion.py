"""What a query also looks for: abbreviations, full names and lay words of the same thing."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources

from tools.literature.analysis import terms

Phrase = tuple[str, ...]
"""Terms that stand one after the other."""

ALONE = 0.5
"""Weight of a single term that stands for what was said, beside 1 for what was said itself."""
TOGETHER = 0.2
"""Weight of each term of a longer name: its words mean less one by one."""


@lru_cache(maxsize=1)
def _groups() -> Mapping[Phrase, tuple[Phrase, ...]]:
    text = resources.files("tools.literature.tables").joinpath("synonyms.toml").read_text(encoding="utf-8")
    others: dict[Phrase, tuple[Phrase, ...]] = {}
    for group in tomllib.loads(text)["groups"]:
        phrases = [tuple(terms(name)) for name in group]
        for phrase in phrases:
            others[phrase] = others.get(phrase, ()) + tuple(p for p in phrases if p != phrase)
    return others


@lru_cache(maxsize=1)
def _longest() -> int:
    return max(len(phrase) for phrase in _groups())


def expanded(said: Sequence[str]) -> dict[str, float]:
    """Terms to look for with their weights: 1 for each time that a term was said, less for what means the same."""
    weights: dict[str, float] = {}
    for term in said:
        weights[term] = weights.get(term, 0.0) + 1.0
    groups, longest = _groups(), _longest()
    for at in range(len(said)):
        for length in range(min(longest, len(said) - at), 0, -1):
            others = groups.get(tuple(said[at : at + length]))
            if others is None:
                continue
            for phrase in others:
                for term in phrase:
                    weights.setdefault(term, ALONE if len(phrase) == 1 else TOGETHER)
            break
    return weights
