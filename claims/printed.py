"""What is printed elsewhere: passages of papers and guidelines, and whether a sentence repeats them as they stand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from pydantic import Field

from claims.claim import Claim, PassageCitation, Record

_ADDRESS = re.compile(r"(?P<passage>.+)#(?P<index>\d{1,6})")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_JOINING = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "it", "its", "literature", "of", "on", "or", "says"}
    | {"see", "so", "than", "that", "the", "this", "to", "what", "with"}
)
"""Words that state nothing; every other word beside a quotation must stand in what is cited."""


class Printed(Record):
    """A passage as it was found; its sentences have addresses, ``<id>#<index>``, the title's index is 0."""

    id: str
    """Such as ``pmid:12230038/1`` or ``file:guidelines/aki.pdf/3``."""
    sha256: str
    """Of title and sentences, a line each."""
    title: str
    """The document's title."""
    heading: str = ""
    """The heading that it stands under."""
    sentences: tuple[str, ...]
    """In order; the first has index 1."""
    source: str
    """``local``, ``pubmed`` or ``europepmc``."""
    document: str
    """The document's key, such as ``pmid:12230038``."""
    origin: str = ""
    """The file or service that it was read from."""
    pmid: str | None = None
    """PubMed's number."""
    doi: str | None = None
    """Digital object identifier."""
    year: int | None = None
    """Of publication."""
    journal: str | None = None
    """Short title of the journal."""
    publication_types: tuple[str, ...] = ()
    """As the source names them."""
    url: str | None = None
    """Where a person reads it."""
    page: int | None = Field(default=None, ge=1)
    """Page of a PDF."""
    retracted: bool = False
    """Whether it was retracted; then nothing may cite it."""

    @property
    def digest(self) -> str:
        """The hash of the words that it has."""
        return hashlib.sha256("\n".join((self.title, *self.sentences)).encode()).hexdigest()

    @property
    def reference(self) -> str:
        """Where it is printed, in the words that stand behind a quotation."""
        kind = next((k for k in self.publication_types if k.lower() not in _EVERY_PAPER), None)
        if self.journal or self.pmid or self.doi:
            named = f"PMID {self.pmid}" if self.pmid else f"doi:{self.doi}" if self.doi else None
            parts = [" ".join(filter(None, (self.journal, str(self.year) if self.year else None))), kind, named]
        else:
            name = self.document.removeprefix("file:")
            parts = [name, f"page {self.page}" if self.page else None, str(self.year) if self.year else None]
        return " ".join(", ".join(part for part in parts if part).split())

    def said_at(self, index: int) -> str | None:
        """The sentence with an index; none where there is none."""
        said = (self.title, *self.sentences)
        return said[index] if index < len(said) else None

    def citation(self, index: int) -> PassageCitation:
        """A citation of one of its sentences.

        Raises:
            IndexError: when it has no such sentence.
        """
        return PassageCitation(
            address=f"{self.id}#{index}",
            sha256=self.sha256,
            text=(self.title, *self.sentences)[index],
            reference=self.reference,
        )


_EVERY_PAPER = frozenset(
    {"journal article", "research-article", "research support, non-u.s. gov't", "english abstract"}
)


def quoted(citation: PassageCitation) -> str:
    """A cited sentence as it stands in a claim: in quotation marks, with where it is printed."""
    return f"“{citation.text}” ({citation.reference})"


def broken_passages(claim: Claim, printed: Mapping[str, Printed]) -> list[str]:
    """Why a claim does not repeat what it cites of the literature; empty when it does."""
    for citation in claim.passages:
        address = _ADDRESS.fullmatch(citation.address)
        one = printed.get(address["passage"]) if address else None
        if address is None or one is None:
            return [f"it cites {citation.address}, which is not in the literature that was found"]
        if one.retracted:
            return [f"it cites {one.document}, which was retracted"]
        if citation.sha256 != one.sha256 or one.digest != one.sha256:
            return [f"{one.id} no longer has the words that it cites"]
        if one.said_at(int(address["index"])) != citation.text:
            return [f"{citation.address} does not say “{citation.text[:80]}”"]
        if citation.reference != one.reference:
            return [f"{one.id} is not printed in {citation.reference[:80]}"]
        if quoted(citation) not in claim.text:
            return [f"it does not repeat {citation.address} word for word, with where it is printed"]
    return []


def own_words(claim: Claim) -> str:
    """The sentence without what it quotes of the literature."""
    said = claim.text
    for citation in claim.passages:
        said = said.replace(quoted(citation), " ")
    return said


def unprinted(said: str, claim: Claim) -> list[str]:
    """Words beside the quotations that stand in nothing that is cited; ``said`` is the sentence without quotations.

    A sentence that also stands on the chart is held to the chart by the other rules.
    """
    if not claim.passages or claim.citations or claim.quotes or claim.computations:
        return []
    words = {w.lower() for p in claim.passages for w in _WORD.findall(p.text)} | _JOINING
    return [
        f"“{w}” stands in nothing that it cites" for w in dict.fromkeys(_WORD.findall(said)) if w.lower() not in words
    ]
