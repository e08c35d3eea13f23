"""A document as passages: the same cuts whether it is indexed or came over the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tools.literature.document import Document
from tools.literature.passage import Passage
from tools.literature.sentences import passages, sentences


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """One stretch of a document."""

    number: int
    """From 1, in the document's order."""
    heading: str
    """The heading that it stands under."""
    page: int | None
    """Page of a PDF."""
    sentences: tuple[str, ...]
    """Its sentences."""


def cuts(document: Document) -> Iterator[Cut]:
    """The stretches of a document; one without sentences where only the title is known."""
    number = 0
    for section in document.sections:
        for said in passages(sentences(section.text)):
            number += 1
            yield Cut(number=number, heading=section.heading, page=section.page, sentences=said)
    if number == 0:
        yield Cut(number=1, heading="", page=None, sentences=())


def passage_of(document: Document, cut: Cut, *, score: float) -> Passage:
    """A stretch with what is known of its document."""
    return Passage(
        id=f"{document.key}/{cut.number}",
        document=document.key,
        title=document.title,
        heading=cut.heading,
        sentences=cut.sentences,
        origin=document.origin,
        pmid=document.pmid,
        doi=document.doi,
        year=document.year,
        journal=document.journal,
        publication_types=document.publication_types,
        url=document.url,
        page=cut.page,
        score=score,
    )
