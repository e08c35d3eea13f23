"""Which reader reads which file."""

from __future__ import annotations

from collections.abc import Iterator

from tools.literature.document import Document, Gone
from tools.literature.errors import FileUnusable
from tools.literature.reading.file import File
from tools.literature.reading.jsonl import read_jsonl
from tools.literature.reading.markdown import read_markdown
from tools.literature.reading.medline import is_medline, read_medline
from tools.literature.reading.pdf import read_pdf
from tools.literature.reading.pubmed_xml import read_pubmed
from tools.literature.xml import XmlUnusable


def documents_of(file: File) -> Iterator[Document | Gone]:
    """What a file holds, in order.

    Raises:
        FileUnusable: it cannot be read to its end.
    """
    if file.kind == ".xml":
        try:
            yield from read_pubmed(file.chunks(), origin=file.name)
        except XmlUnusable as error:
            msg = f"{file.name} is not usable PubMed XML, {error}: fetch it again, then index again"
            raise FileUnusable(msg) from error
    elif file.kind in (".jsonl", ".ndjson"):
        yield from read_jsonl(file)
    elif file.kind == ".pdf":
        yield from read_pdf(file)
    elif file.kind == ".nbib" or (file.kind == ".txt" and is_medline(file.text()[:200])):
        yield from read_medline(file)
    else:
        yield from read_markdown(file)
