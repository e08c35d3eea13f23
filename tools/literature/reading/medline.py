"""MEDLINE's tagged format, as PubMed saves citations (`.nbib`, `.txt`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.literature.document import Document, Section
from tools.literature.reading.file import File

_TAG = re.compile(r"^([A-Z][A-Z0-9]{0,3}) *- (.*)$")
_YEAR = re.compile(r"\b(1[89]\d\d|20\d\d)\b")
_RETRACTED_TYPES = frozenset({"retracted publication", "withdrawn publication"})
_PMID = re.compile(r"PMID: (\d{1,9})")


def is_medline(text: str) -> bool:
    """Whether a text begins as MEDLINE's format does."""
    return text.lstrip().startswith("PMID-")


def read_medline(file: File) -> Iterator[Document]:
    """The papers of a file, in order; lines that are not of the format are left out.

    Raises:
        FileUnusable: it is not UTF-8.
    """
    for entry in re.split(r"^(?=PMID-)", file.text(), flags=re.MULTILINE):
        tags = _tags(entry)
        pmid = tags.get("PMID", [""])[0]
        if pmid.isdigit():
            yield _document(pmid, tags, file)


def _tags(entry: str) -> dict[str, list[str]]:
    """Values by tag; a line that begins with six spaces goes on with the value before it."""
    tags: dict[str, list[str]] = {}
    last: list[str] | None = None
    for line in entry.splitlines():
        if (found := _TAG.match(line)) is not None:
            last = tags.setdefault(found[1], [])
            last.append(found[2].strip())
        elif last is not None and line.startswith("      "):
            last[-1] = f"{last[-1]} {line.strip()}"
        else:
            last = None
    return tags


def _document(pmid: str, tags: dict[str, list[str]], file: File) -> Document:
    types = tuple(tags.get("PT", ()))
    abstract = " ".join(tags.get("AB", ()))
    doi = next(
        (v.removesuffix(" [doi]") for v in (*tags.get("LID", ()), *tags.get("AID", ())) if v.endswith("[doi]")), ""
    )
    year = _YEAR.search(" ".join(tags.get("DP", ())))
    return Document(
        key=f"pmid:{pmid}",
        title=" ".join(tags.get("TI", ()) or tags.get("BTI", ())) or f"PubMed {pmid}, without a title",
        sections=(Section(text=abstract),) if abstract else (),
        origin=file.name,
        pmid=pmid,
        doi=doi.lower() or None,
        year=int(year[1]) if year else None,
        journal=next(iter(tags.get("TA", ())), None),
        publication_types=types,
        retracted="RIN" in tags or any(t.lower() in _RETRACTED_TYPES for t in types),
        retracts=tuple(found[1] for value in tags.get("ROF", ()) if (found := _PMID.search(value))),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        subjects=tuple(h.replace("*", "").split("/")[0] for h in (*tags.get("MH", ()), *tags.get("OT", ()))),
    )
