"""The sentences of notes: with their section and address, and which are copied forward."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from chart.addressed import reads_like_instruction
from chart.extract.note import NoteText
from chart.fact import Fact
from chart.note_cues import heading

COPIED = 3
"""A sentence that stands in so many notes has no date and is no new complaint."""
_SPLIT = re.compile(r"(?<=[.!?])\s+|\n+")
_WITHIN = re.compile(r"(?<=[.!?])\s+")
_NO_ALLERGY = re.compile(r"\bno (known )?(drug )?allerg(y|ies)\b|\bNKD?A\b", re.I)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """One sentence of a note."""

    note: Fact
    """The note it stands in."""
    text: str
    """White space folded."""
    section: str
    """The heading above it in lower case, or empty."""
    index: int
    """Position in the note, from 0: with the note it is an address."""


@lru_cache(maxsize=2048)
def split_sentences(text: str) -> tuple[str, ...]:
    """Lines and sentences of a note, bullets and heading marks removed, white space folded."""
    parts = (" ".join(p.split()).lstrip("-*# ").strip() for p in _SPLIT.split(text))
    return tuple(p for p in parts if p)


def sentence_parts(line: str) -> list[str]:
    """The sentences of one line as they stand, bullets and all."""
    return _WITHIN.split(line)


def sentences(note: NoteText) -> tuple[Sentence, ...]:
    """The addressable sentences of one note, each with the section that it stands in."""
    found: list[Sentence] = []
    section = ""
    for line in note.text.splitlines():
        section = heading(line) or section
        found.extend(
            Sentence(note=note.fact, text=text, section=section, index=i)
            for i, text in enumerate(split_sentences(line), start=len(found))
        )
    return tuple(found)


def repeated(notes: Sequence[NoteText]) -> frozenset[str]:
    """Sentences that stand in at least three notes: copied forward, whatever their case and punctuation."""
    seen: Counter[str] = Counter()
    written: dict[str, set[str]] = {}
    for note in notes:
        texts = split_sentences(note.text)
        for text in texts:
            written.setdefault(_plain(text), set()).add(text)
        seen.update({_plain(text) for text in texts})
    return frozenset(text for plain, count in seen.items() if count >= COPIED for text in written[plain])


@lru_cache(maxsize=8192)
def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def denials(notes: Sequence[NoteText]) -> list[tuple[NoteText, str]]:
    """The notes that deny allergies, with their words; what a note tells a program to say is no denial."""
    found = [(n, words) for n in notes if (words := denies_allergies(n.text))]
    return [(note, words) for note, words in found if not reads_like_instruction(note.text)]


def denies_allergies(text: str) -> str | None:
    """The words in which a note denies allergies, white space folded; ``None`` when it does not."""
    found = _NO_ALLERGY.search(" ".join(text.split()))
    return found[0] if found else None
