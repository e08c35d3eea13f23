"""PDF, page by page. A page that is a picture has no text; it is not read, and a file of such pages is refused."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader

from tools.literature.document import Document, Section
from tools.literature.errors import FileUnusable
from tools.literature.reading.file import File
from tools.literature.reading.title import split_title

MOST_PAGES = 5000
_YEAR = re.compile(r"D:(1[89]\d\d|20\d\d)")
_HYPHEN = re.compile(r"(?<=[a-z])-\n(?=[a-z])")


def read_pdf(file: File) -> Iterator[Document]:
    """The one document of a file.

    Raises:
        FileUnusable: it is not a whole PDF, needs a password, is too long, or has no text.
    """
    data = b"".join(file.chunks())
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise FileUnusable(f"{file.name} needs a password: save it without one, then index again")
        if len(reader.pages) > MOST_PAGES:
            raise FileUnusable(f"{file.name} has more than {MOST_PAGES} pages: split it, then index again")
        sections = tuple(_sections(reader))
        about: Any = reader.metadata or {}
    except FileUnusable:
        raise
    # Damage shows as any exception at all in a format of pointers, failed assertions of the reader's among them;
    # whichever it is, the file is what has to be mended.
    except Exception as error:
        raise FileUnusable(f"{file.name} is not a whole PDF: fetch it again, then index again") from error
    if not sections:
        raise FileUnusable(f"{file.name} has no text, only pictures: run text recognition on it, then index again")
    said = _YEAR.search(str(about.get("/CreationDate", "")))
    yield Document(
        key=f"file:{file.name}",
        title=_title(about) or split_title(sections[0].text)[0],
        sections=sections,
        origin=file.name,
        year=int(said[1]) if said else None,
    )


def _sections(reader: PdfReader) -> Iterator[Section]:
    for number, page in enumerate(reader.pages, start=1):
        # A word that was divided at a line's end is one word again.
        text = _HYPHEN.sub("", page.extract_text())
        if text.strip():
            yield Section(text=text.strip(), page=number)


def _title(about: Any) -> str:  # noqa: ANN401 - pypdf's own mapping
    title = " ".join(str(about.get("/Title") or "").split())
    return "" if title.lower().startswith(("microsoft word", "untitled")) else title
