"""Cutting text into sentences and sentences into passages; the same text always gives the same cuts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

LONGEST_PASSAGE = 400
"""Words; a longer section is cut at a sentence's end."""
LONGEST_SENTENCE = 120
"""Words; a list without full stops is cut at spaces, so that an address always leads to something readable."""

_BLOCK = re.compile(r"\n\s*\n")
_END = re.compile(r"(?<=[.!?])[\"')\]”’]*\s+(?=[\"'(\[“‘]*[A-Z0-9])")
_GOES_ON = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|vs|cf|viz|et al|dr|prof|mr|mrs|approx|ca|resp|spp|subsp|inc|ltd)\.$", re.I
)
_NUMBERED = re.compile(r"(?:^|[\s(])(?:no|nos|fig|figs|ref|refs|eq|vol|sect|ch|pp?)\.$", re.I)
_INITIAL = re.compile(r"(?:^|[\s(.])[A-Z]\.$")


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, white space folded, words unchanged; an empty line ends a sentence, too."""
    parts = (part for block in _BLOCK.split(text) for part in _parts(" ".join(block.split())))
    return tuple(short for part in parts if part for short in _bounded(part))


def _parts(folded: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(folded):
        if not _goes_on(folded[start : end.start()], folded[end.end() :]):
            yield folded[start : end.end()].strip()
            start = end.end()
    yield folded[start:].strip()


def _goes_on(before: str, after: str) -> bool:
    """An abbreviation's full stop ends nothing, nor an initial's (`J. Smith`), nor one before a number (`Fig. 2`)."""
    if _GOES_ON.search(before) or _INITIAL.search(before):
        return True
    return bool(_NUMBERED.search(before)) and after[:1].isdigit()


def _bounded(sentence: str) -> Iterator[str]:
    words = sentence.split(" ")
    for at in range(0, len(words), LONGEST_SENTENCE):
        yield " ".join(words[at : at + LONGEST_SENTENCE])


def passages(said: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Sentences in groups of at most `LONGEST_PASSAGE` words."""
    group: list[str] = []
    words = 0
    for sentence in said:
        length = len(sentence.split(" "))
        if group and words + length > LONGEST_PASSAGE:
            yield tuple(group)
            group, words = [], 0
        group.append(sentence)
        words += length
    if group:
        yield tuple(group)
