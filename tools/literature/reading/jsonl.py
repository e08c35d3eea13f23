"""JSONL: one object a line, as corpora for search and exports of reference managers have them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tools.literature.document import Document, Section
from tools.literature.errors import FileUnusable
from tools.literature.reading.file import File
from tools.literature.reading.title import split_title

_PUBMED = re.compile(r"(?:pubmed(?:\.ncbi\.nlm\.nih\.gov)?)/(\d{1,9})\b")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_YEAR = re.compile(r"\b(1[89]\d\d|20\d\d)\b")
_RETRACTED = re.compile(r"\bretracted publication\b|\bretracted\b|\bwithdrawn publication\b", re.IGNORECASE)


def read_jsonl(file: File) -> Iterator[Document]:
    """Documents of a JSONL file; the text stands in `text`, `abstract`, `body` or `contents`.

    Known besides: `_id` or `id`, `title`, `pmid`, `doi`, `year` or `date`, `journal`, `url`, `publication_types`,
    `retracted`.

    Raises:
        FileUnusable: a line is no JSON object or has no text; it is named by its number.
    """
    for number, line in enumerate(file.lines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise FileUnusable(f"Line {number} of {file.name} is not JSON: correct it, then index again") from error
        if not isinstance(row, dict):
            raise FileUnusable(f"Line {number} of {file.name} is not a JSON object: correct it, then index again")
        yield _document(row, number, file)


def _document(row: dict[str, Any], number: int, file: File) -> Document:
    said = next((text for key in ("text", "abstract", "body", "contents") if (text := _text(row, key))), "")
    title = _text(row, "title")
    if not title:
        title, said = split_title(said)
    if not title:
        raise FileUnusable(f"Line {number} of {file.name} has no title and no text: correct it, then index again")
    url = _text(row, "url") or None
    inside = _PUBMED.search(url or "")
    pmid = _text(row, "pmid") or (inside[1] if inside else "")
    doi = doi_in(_text(row, "doi"))
    own = _text(row, "_id") or _text(row, "id") or str(number)
    types = row.get("publication_types") or row.get("publication_type") or ()
    types = (types,) if isinstance(types, str) else tuple(str(t) for t in types)
    year = _YEAR.search(_text(row, "year") or _text(row, "date"))
    return Document(
        key=f"pmid:{pmid}" if pmid.isdigit() else f"doi:{doi}" if doi else f"file:{file.name}:{own}",
        title=title,
        sections=(Section(text=said),) if said else (),
        origin=file.name,
        pmid=pmid if pmid.isdigit() else None,
        doi=doi,
        year=int(year[1]) if year else None,
        journal=_text(row, "journal") or None,
        publication_types=types,
        retracted=row.get("retracted") is True or any(_RETRACTED.fullmatch(t) for t in types),
        url=url,
        row=own,
    )


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def doi_in(text: str) -> str | None:
    """The DOI in a text or an address, lower case."""
    found = _DOI.search(text)
    return found[0].rstrip(".,;)").lower() if found else None
