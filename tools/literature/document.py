"""What a loader reads: one paper, guideline or page, before it is cut into passages."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A stretch of text under one heading."""

    text: str
    """The words, white space folded."""
    heading: str = ""
    """The heading that it stands under, such as `METHODS`; empty without one."""
    page: int | None = None
    """Page of a PDF, from 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One thing that can be cited, with what says whether it may be."""

    key: str
    """`pmid:…`, else `doi:…`, else `file:…`: what stays the same when it is loaded again."""
    title: str
    """Its title, or its first line."""
    sections: tuple[Section, ...]
    """The text in order; empty for a paper of which only the title is known."""
    origin: str
    """The file or the source that it came from, such as `guidelines/aki.pdf` or `pubmed`."""
    pmid: str | None = None
    """PubMed's number."""
    doi: str | None = None
    """Digital object identifier, lower case, without an address before it."""
    year: int | None = None
    """Year of publication."""
    journal: str | None = None
    """Short title of the journal."""
    publication_types: tuple[str, ...] = ()
    """As the source names them, such as `Randomized Controlled Trial`."""
    retracted: bool = False
    """Whether it was retracted or withdrawn; then it is never cited."""
    retracts: tuple[str, ...] = ()
    """PMIDs of the papers that this notice retracts."""
    url: str | None = None
    """Where a person reads it."""
    subjects: tuple[str, ...] = ()
    """Subject headings and keywords: searched, never cited."""
    row: str | None = None
    """Its id within the file that it came from, such as a JSONL row's `_id`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gone:
    """A document that its publisher took back: it leaves the index."""

    key: str
    """The document's key."""
