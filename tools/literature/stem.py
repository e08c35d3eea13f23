"""Word endings: enough to bring `treated`, `treatments` and `treating` together, and to leave names of drugs alone."""

from __future__ import annotations

from functools import lru_cache

_VOWELS = frozenset("aeiouy")
_KEPT = frozenset(
    {"diabetes", "herpes", "rabies", "scabies", "species", "series", "mumps", "measles", "menses", "biceps", "caries"}
)
"""Words whose last letters are no ending."""
_ENDINGS = (
    ("isations", "ize"),
    ("izations", "ize"),
    ("isation", "ize"),
    ("ization", "ize"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("iveness", "ive"),
    ("ations", "ate"),
    ("ation", "ate"),
    ("ators", "ate"),
    ("ator", "ate"),
    ("tional", "tion"),
    ("ically", "ic"),
    ("ical", "ic"),
    ("ments", "ment"),
    ("ities", "ity"),
    ("ously", "ous"),
    ("ively", "ive"),
    ("ally", "al"),
    ("antly", "ant"),
    ("ently", "ent"),
)
"""Endings and what stands in their place, longest first; the first that fits is taken."""
_LEAST = 3
"""Letters that must stay."""


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The stem of a lower-case word; words with digits are left as they are."""
    if len(word) <= _LEAST or not word.isalpha() or not word.isascii() or word in _KEPT:
        return word
    word = _singular(word)
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST:
            word = word[: -len(ending)] + instead
            break
    return _bare(_without_tense(word))


def _singular(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_tense(word: str) -> str:
    for ending in ("ingly", "edly", "ing", "ed"):
        rest = word[: -len(ending)]
        if word.endswith(ending) and len(rest) >= _LEAST and _VOWELS & set(rest):
            return rest[:-1] if rest[-1] == rest[-2] and rest[-1] not in "lsz" else rest
    return word


def _bare(word: str) -> str:
    """Without a last silent letter, so that `cause`, `caused` and `causing` are one."""
    if word.endswith("e") and len(word) > _LEAST:
        return word[:-1]
    if word.endswith("y") and len(word) > _LEAST and word[-2] not in _VOWELS:
        return word[:-1] + "i"
    return word
