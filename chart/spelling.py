"""Words of names as people spell them: case, plurals and British spelling folded, so that a question finds a name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_WORD = re.compile(r"\d+\.\d+|[a-z0-9]+")
_SAME = {"diagnoses": "diagnosis", "data": "data", "diabetic": "diabetic"}
_ENDINGS = (
    (re.compile(r"^(.{4,}gra)(?:m|ph|phy|phic)$"), r"\1"),
    (re.compile(r"^(.{4,}scop)(?:y|ic|e)$"), r"\1"),
    (re.compile(r"^(.{4,}tens)(?:ion|ive)$"), r"\1"),
    (re.compile(r"^(.{3,}em)(?:ia|ic)$"), r"\1"),
)
_PREFIX = 4
"""A word of so many letters also stands for longer ones that begin with it."""


@lru_cache(maxsize=20_000)
def fold(word: str) -> str:
    """One lower-case word as all its spellings are compared: ``anaemias`` and ``anemic`` are both ``anem``."""
    if word in _SAME:
        return _SAME[word]
    plain = word.replace("ae", "e").replace("oe", "e")
    if len(plain) > 4 and plain.endswith("our"):
        plain = f"{plain[:-3]}or"
    plain = _singular(plain)
    for pattern, kept in _ENDINGS:
        plain = pattern.sub(kept, plain)
    return plain


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes")) else word[:-1]


@lru_cache(maxsize=20_000)
def spelled(text: str) -> tuple[str, ...]:
    """The folded words of a text, in order; what joins them does not count."""
    return tuple(fold(word) for word in _WORD.findall(text.lower().replace("’", "'").replace("'s ", " ")))


def is_named(words: Sequence[str], name: str) -> bool:
    """Whether a name holds each of some folded words, whole or, from four letters on, as a beginning."""
    there = spelled(name)
    return bool(words) and all(
        any(one == word or (len(word) >= _PREFIX and one.startswith(word)) for one in there) for word in words
    )


def place_of(phrase: Sequence[str], words: Sequence[str]) -> int | None:
    """Where a phrase stands in a text, word for word; ``None`` where it does not."""
    size = len(phrase)
    first = phrase[0] if phrase else ""
    return next((i for i, w in enumerate(words) if w == first and tuple(words[i : i + size]) == tuple(phrase)), None)
