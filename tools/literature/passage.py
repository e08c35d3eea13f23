"""What a search brings back: passages whose sentences have addresses, and how the search went."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

_ADDRESS = re.compile(r"(?P<passage>.+)#(?P<sentence>\d+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """One sentence at its address."""

    id: str
    """`<passage id>#<index>`; index 0 is the title."""
    text: str
    """The sentence, word for word, white space folded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """A stretch of one document, short enough to be read and cited."""

    id: str
    """`<document key>/<number>`, number from 1, such as `pmid:12230038/1`."""
    document: str
    """The document's key."""
    title: str
    """The document's title; sentence 0."""
    heading: str
    """The heading that the passage stands under; empty without one."""
    sentences: tuple[str, ...]
    """The sentences in order; sentence 1 is the first."""
    origin: str
    """Where it was read: a file, `pubmed` or `europepmc`."""
    pmid: str | None
    """PubMed's number."""
    doi: str | None
    """Digital object identifier."""
    year: int | None
    """Year of publication."""
    journal: str | None
    """Short title of the journal."""
    publication_types: tuple[str, ...]
    """As the source names them."""
    url: str | None
    """Where a person reads it."""
    page: int | None
    """Page of a PDF, from 1."""
    score: float
    """How well it answers the query; comparable within one answer only."""

    @property
    def text(self) -> str:
        """Title and sentences as one text."""
        return " ".join((self.title, *self.sentences))

    @property
    def sha256(self) -> str:
        """Hash of the words: a citation that carries it can be checked after the index was made again."""
        return hashlib.sha256("\n".join((self.title, *self.sentences)).encode()).hexdigest()

    @property
    def addressed(self) -> tuple[Sentence, ...]:
        """Title and sentences with their addresses."""
        said = (self.title, *self.sentences)
        return tuple(Sentence(id=f"{self.id}#{n}", text=text) for n, text in enumerate(said))


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The passages of one search beside what says how the search went."""

    source: str
    """`local`, `pubmed` or `europepmc`."""
    asked: str
    """What was looked for, as the source was asked."""
    passages: tuple[Passage, ...]
    """Best first; never one of a retracted document."""
    total: int | None
    """How many documents match in all; None where the source does not say."""
    truncated: bool
    """Whether more match than came back."""
    withheld: tuple[str, ...]
    """Keys of documents that match and were retracted; named so that nobody cites them from memory."""
    read_as: tuple[tuple[str, str], ...] = ()
    """Words of the query that no document has, each with the word that was looked for in its place."""
    fetched: datetime | None = None
    """When the source answered, if the answer came from the cache or the network; None for the local index."""


def sentence_at(passages: tuple[Passage, ...], address: str) -> Sentence | None:
    """The sentence at an address, among these passages; None where there is none."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return None
    passage = next((p for p in passages if p.id == found["passage"]), None)
    index = int(found["sentence"])
    if passage is None or index > len(passage.sentences):
        return None
    return passage.addressed[index]
