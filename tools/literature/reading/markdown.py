"""Markdown and plain text, as a hospital keeps its own guidelines: one section a heading, facts in front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tools.literature.document import Document, Section
from tools.literature.errors import FileUnusable
from tools.literature.reading.file import File
from tools.literature.reading.jsonl import doi_in
from tools.literature.reading.title import split_title

_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$", re.MULTILINE)
_YEAR = re.compile(r"\b(1[89]\d\d|20\d\d)\b")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"(\*\*|__|`+|^\s*>\s?|^\s*[-*+]\s+|^\s*\|?[\s:|-]+\|\s*$)", re.MULTILINE)
_LINE = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)|\n(?=\s*\|)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def read_markdown(file: File) -> Iterator[Document]:
    """The one document of a file.

    Front matter (YAML between lines of `---`) may give `title`, `year` or `date`, `doi`, `pmid`, `url`,
    `publication_types` and `retracted` (also right for a guideline that was withdrawn).

    Raises:
        FileUnusable: it is empty, not UTF-8, or its front matter is not YAML.
    """
    text = file.text().replace("\r\n", "\n")
    about, text = _front(text, file)
    text = _COMMENT.sub(" ", text)
    sections = tuple(_sections(text))
    title = str(about.get("title") or "").strip()
    if not title:
        first = _HEADING.search(text)
        title = _plain(first[2]) if first else split_title(_plain(text))[0]
    if not title or not sections:
        raise FileUnusable(f"{file.name} has no text: fill it or leave it out, then index again")
    types = about.get("publication_types", ())
    year = _YEAR.search(f"{about.get('year', '')} {about.get('date', '')}")
    pmid = str(about.get("pmid", ""))
    yield Document(
        key=f"file:{file.name}",
        title=title,
        sections=sections,
        origin=file.name,
        pmid=pmid if pmid.isdigit() else None,
        doi=doi_in(str(about.get("doi", ""))),
        year=int(year[1]) if year else None,
        publication_types=(types,) if isinstance(types, str) else tuple(str(t) for t in types or ()),
        retracted=about.get("retracted") is True,
        url=str(about["url"]) if about.get("url") else None,
    )


def _front(text: str, file: File) -> tuple[dict[str, Any], str]:
    found = _FRONT.match(text)
    if found is None:
        return {}, text
    try:
        about = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        raise FileUnusable(f"The front matter of {file.name} is not YAML: correct it, then index again") from error
    return (about if isinstance(about, dict) else {}), text[found.end() :]


def _sections(text: str) -> Iterator[Section]:
    """Stretches between headings, each under its headings from the outermost on."""
    path: list[tuple[int, str]] = []
    start = 0
    for found in _HEADING.finditer(text):
        yield from _section(text[start : found.start()], path)
        level = len(found[1])
        path = [*(p for p in path if p[0] < level), (level, _plain(found[2]))]
        start = found.end()
    yield from _section(text[start:], path)


def _section(text: str, path: list[tuple[int, str]]) -> Iterator[Section]:
    said = _plain(text)
    if said:
        yield Section(text=said, heading=" › ".join(heading for _, heading in path))


def _plain(text: str) -> str:
    """Words without the marks; an empty line after each paragraph, item of a list and row of a table."""
    lines = (" ".join(_MARKS.sub("", line).replace("|", " ").split()) for line in _LINE.split(_LINK.sub(r"\1", text)))
    return "\n\n".join(line for line in lines if line)
