"""PubMed XML, as efetch and the yearly files have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from tools.literature.document import Document, Gone, Section
from tools.literature.xml import elements, words

ROOTS = frozenset({"PubmedArticleSet"})
_ENTRIES = frozenset({"PubmedArticle", "PubmedBookArticle", "DeleteCitation"})
_YEAR = re.compile(r"\b(1[89]\d\d|20\d\d)\b")
_RETRACTED_TYPES = frozenset({"retracted publication", "withdrawn publication"})
_RETRACTED_TITLE = re.compile(r"^\W*(RETRACTED|WITHDRAWN)\b\W", re.IGNORECASE)


def read_pubmed(chunks: Iterable[bytes], *, origin: str) -> Iterator[Document | Gone]:
    """Papers, books and deletions, in order.

    Raises:
        XmlUnusable: it is not PubMed XML, not whole, or not safe.
    """
    for element in elements(chunks, _ENTRIES, roots=ROOTS):
        if element.tag == "DeleteCitation":
            yield from (Gone(key=f"pmid:{words(pmid)}") for pmid in element.iter("PMID"))
        elif (document := _document(element, origin)) is not None:
            yield document


def _document(entry: Element, origin: str) -> Document | None:
    citation = entry.find("MedlineCitation")
    citation = citation if citation is not None else entry.find("BookDocument")
    if citation is None or not (pmid := words(citation.find("PMID"))).isdigit():
        return None
    types = tuple(words(t) for t in citation.iter("PublicationType") if words(t))
    title = _title(citation)
    return Document(
        key=f"pmid:{pmid}",
        title=title or f"PubMed {pmid}, without a title",
        sections=_sections(citation),
        origin=origin,
        pmid=pmid,
        doi=_doi(entry, citation),
        year=_year(citation),
        journal=words(citation.find("Article/Journal/ISOAbbreviation")) or words(citation.find(".//MedlineTA")) or None,
        publication_types=types,
        retracted=bool(_linked(citation, "RetractionIn", "RetractedandRepublishedIn", "PartialRetractionIn"))
        or any(t.lower() in _RETRACTED_TYPES for t in types)
        or bool(_RETRACTED_TITLE.match(title)),
        retracts=tuple(filter(None, (words(e.find("PMID")) for e in _linked(citation, "RetractionOf")))),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        subjects=(
            *(words(h.find("DescriptorName")) for h in citation.iter("MeshHeading")),
            *(words(k) for k in citation.iter("Keyword")),
        ),
    )


def _title(citation: Element) -> str:
    places = ("Article/ArticleTitle", "Article/VernacularTitle", "ArticleTitle", "Book/BookTitle")
    return next((said for place in places if (said := words(citation.find(place)))), "")


def _sections(citation: Element) -> tuple[Section, ...]:
    """The abstract as PubMed shows it: parts one after the other, each after its label."""
    abstract = citation.find("Article/Abstract")
    abstract = abstract if abstract is not None else citation.find("Abstract")
    parts = []
    for part in abstract.iter("AbstractText") if abstract is not None else ():
        label, said = part.get("Label", ""), words(part)
        if said:
            parts.append(f"{label}: {said}" if label and label.upper() != "UNLABELLED" else said)
    return (Section(text=" ".join(parts)),) if parts else ()


def _doi(entry: Element, citation: Element) -> str | None:
    """The paper's own, never one of its references."""
    places = [
        *entry.iterfind("PubmedData/ArticleIdList/ArticleId[@IdType='doi']"),
        *citation.iterfind("ArticleIdList/ArticleId[@IdType='doi']"),
        *citation.iterfind("Article/ELocationID[@EIdType='doi']"),
    ]
    return next((said.lower() for place in places if (said := words(place))), None)


def _year(citation: Element) -> int | None:
    places = ("Article/Journal/JournalIssue/PubDate", "Article/ArticleDate", "Book/PubDate", "ContributionDate")
    for place in places:
        # Year, or a range of seasons and years in words (MedlineDate).
        parts = (words(part) for date in citation.findall(place) for part in date)
        found = _YEAR.search(" ".join(parts))
        if found:
            return int(found[1])
    return None


def _linked(citation: Element, *kinds: str) -> list[Element]:
    """Comments and corrections of these kinds."""
    return [e for e in citation.iter("CommentsCorrections") if e.get("RefType") in kinds]
