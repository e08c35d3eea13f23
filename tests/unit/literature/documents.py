"""Documents and indexes for tests; everything in them is invented."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.literature.document import Document, Gone, Section
from tools.literature.indexing import IndexWriter
from tools.literature.local_index import LocalIndex

NOW = datetime(2021, 8, 1, 9, tzinfo=UTC)


def paper(number: int, title: str, text: str = "", **more: Any) -> Document:
    """A paper with a PMID."""
    return Document(
        key=f"pmid:{number}",
        title=title,
        sections=(Section(text=text),) if text else (),
        origin="invented.xml",
        pmid=str(number),
        **more,
    )


def index_of(path: Path, documents: Iterable[Document | Gone]) -> LocalIndex:
    """An index that holds these documents."""
    with IndexWriter(path) as writer:
        writer.add(documents, now=NOW)
        writer.finish()
    return LocalIndex(path)


PAPERS = (
    paper(
        1,
        "Metformin in chronic kidney disease",
        "We studied 120 adults with CKD. Lactate rose in 3 of them. The dose was halved below an eGFR of 45.",
        year=2019,
        publication_types=("Randomized Controlled Trial",),
    ),
    paper(2, "Zoster vaccine in older adults", "The recombinant vaccine prevented shingles in most. Pain was common."),
    paper(3, "Amlodipine and ankle oedema", "Oedema was more common with higher doses of amlodipine."),
    paper(4, "Heart attack and statins", "Statins after myocardial infarction reduced death. They were started early."),
    paper(5, "Kidney stones", "Water prevents stones of the kidney."),
)
