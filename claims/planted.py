"""Instructions that stand in the chart and come back as a sentence: they are not about the patient, so they fall."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from chart.addressed import reads_like_instruction
from chart.appraisal import Appraisal
from chart.instructions import texts_of
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
    """Why a claim repeats text of the chart that addresses a program; nothing where it does not.

    A claim that a program words without quoting such text, such as that it was found, stands.
    """
    if any(reads_like_instruction(quote.text) for quote in claim.quotes) or reads_like_instruction(claim.text):
        yield "it repeats text that gives instructions to a program"
        return
    said = _words(claim.text)
    if claim.kind not in ("fact", "inference") or claim.computations or len(said) < LEAST:
        return
    if any(len(said & words) >= SHARE * len(said) for text in _texts(appraisal) for words in _around(text)):
        yield "it repeats text of the chart that gives instructions to a program"


def _texts(appraisal: Appraisal) -> Iterator[str]:
    """Every text of the chart that holds such instructions."""
    notes = {fact.id for finding in appraisal.of("instruction_in_note") for fact in finding.facts}
    yield from (n.text for n in appraisal.chart.notes if n.fact.id in notes)
    for finding in appraisal.of("instruction_in_entry"):
        for fact in finding.facts:
            yield from (text for text in texts_of(fact) if reads_like_instruction(text))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower())) - _COMMON


@lru_cache(maxsize=256)
def _around(text: str) -> tuple[frozenset[str], ...]:
    """The words of each planted sentence with those around it, line breaks passed over.

    An order may run over a colon or a full stop, so a sentence counts that reads like one with the next.
    """
    parts = re.split(r"(?<=[.!?:;])\s+", " ".join(text.split()))
    found = []
    for i, part in enumerate(parts):
        if reads_like_instruction(part):
            found.append(parts[max(0, i - BEFORE) : i + 1 + BEHIND])
        elif reads_like_instruction(" ".join(parts[i : i + 2])):
            found.append(parts[i : i + 1 + BEHIND])
    return tuple(_words(" ".join(some)) for some in found)
