"""Instructions that stand in a note and come back as a sentence: they are not about the patient, so they fall."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from chart.appraisal import Appraisal
from chart.notes import reads_like_instruction
from claims.claim import Claim

SHARE = 0.6
"""Of a sentence's telling words, so many also stand in the planted text: it repeats it, whatever the order."""
LEAST = 3
"""Telling words below which nothing can be told."""
_WORD = re.compile(r"[a-z]{4,}")
_COMMON = frozenset({"patient", "this", "that", "with", "from", "have", "been", "their", "were", "which", "they"})
BEFORE, BEHIND = 1, 2
"""So many sentences around a planted one belong to it: orders run on."""


def planted(claim: Claim, appraisal: Appraisal) -> Iterator[str]:
    """Why a claim repeats text of a note that addresses a program; nothing where it does not.

    A claim that a program words without quoting such text, such as that it was found, stands.
    """
    if any(reads_like_instruction(quote.text) for quote in claim.quotes) or reads_like_instruction(claim.text):
        yield "it repeats text that gives instructions to a program"
        return
    notes = {fact.id for finding in appraisal.of("instruction_in_note") for fact in finding.facts}
    said = _words(claim.text)
    if not notes or claim.kind not in ("fact", "inference") or claim.computations or len(said) < LEAST:
        return
    texts = (n.text for n in appraisal.chart.notes if n.fact.id in notes)
    if any(len(said & words) >= SHARE * len(said) for text in texts for words in _around(text)):
        yield "it repeats text of a note that gives instructions to a program"


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower())) - _COMMON


@lru_cache(maxsize=256)
def _around(text: str) -> tuple[frozenset[str], ...]:
    """The words of each planted sentence with those around it, line breaks passed over."""
    parts = re.split(r"(?<=[.!?:;])\s+", " ".join(text.split()))
    return tuple(
        _words(" ".join(parts[max(0, i - BEFORE) : i + 1 + BEHIND]))
        for i, part in enumerate(parts)
        if reads_like_instruction(part)
    )
