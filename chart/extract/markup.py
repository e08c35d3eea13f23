"""HTML and CDA to plain text: line by line, headings marked, scripts gone, nothing fetched and no entity expanded."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable

from lxml import etree, html

_HTML_BLOCKS = """
    p div br li tr table thead tbody ul ol dl dt dd section article header footer blockquote pre hr h1 h2 h3 h4 h5 h6
    caption title body form
"""
_CDA_BLOCKS = "paragraph list item text footnote"
BLOCKS = frozenset(_HTML_BLOCKS.split()) | frozenset(_CDA_BLOCKS.split())
"""Elements that begin a line and end one."""
_CELLS = frozenset({"td", "th"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_DROPPED = frozenset({"script", "style", "head", "template", "noscript", "svg", "object", "iframe", "math"})
_LONG_TAG = re.compile(r"<[^<>]{20000}")
_DECLARES = re.compile(r"<!(DOCTYPE|ENTITY)", re.I)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_WHITE = re.compile(r"\s+")
_SPACES = re.compile(r"[^\S\n]+")
_CDA = "{urn:hl7-org:v3}"

Embedded = Callable[[bytes, str], str]
"""Reads an embedded document of a MIME type; raises a `ValueError` that says why not."""


class MarkupUnusable(ValueError):
    """The markup cannot be read; the message completes "it was not read: …"."""


def html_text(text: str) -> str:
    """The text of an HTML document or fragment.

    Raises:
        MarkupUnusable: it is not whole, or not safe to parse.
    """
    if _LONG_TAG.search(text):
        raise MarkupUnusable("its HTML has a tag without end")
    parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False, encoding="utf-8")
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        raise MarkupUnusable("its HTML is empty or broken") from None
    return _lines(root)


def xml_text(text: str, *, embedded: Embedded) -> str:
    """The text of a CDA document: its title, then each section with its title; of other XML, all of its text.

    Args:
        text: the document, decoded.
        embedded: reads a body that is no XML, such as an embedded PDF.

    Raises:
        MarkupUnusable: it is not whole, declares entities, or has no text.
    """
    if _DECLARES.search(text):
        raise MarkupUnusable("its XML declares entities, which is not safe")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(_DECLARATION.sub("", text).encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError):
        raise MarkupUnusable("its XML is broken") from None
    if _name(root) == "html":
        return _lines(root)
    if root.tag != f"{_CDA}ClinicalDocument":
        return _lines(root)
    return _clinical(root, embedded)


def _clinical(root: etree._Element, embedded: Embedded) -> str:
    parts = [_lines(title) for title in root.findall(f"{_CDA}title")]
    for section in root.iter(f"{_CDA}section"):
        title, body = section.find(f"{_CDA}title"), section.find(f"{_CDA}text")
        words = _lines(title) if title is not None else ""
        if words:
            parts.append(f"# {' '.join(words.split())}")
        if body is not None:
            parts.append(_lines(body))
    for body in root.iter(f"{_CDA}nonXMLBody"):
        parts.append(_unstructured(body, embedded))
    return "\n".join(part for part in parts if part)


def _unstructured(body: etree._Element, embedded: Embedded) -> str:
    text = body.find(f"{_CDA}text")
    if text is None or text.find(f"{_CDA}reference") is not None:
        raise MarkupUnusable("it only points at another document")
    if text.get("representation") != "B64":
        return _lines(text)
    try:
        raw = base64.b64decode("".join(str(part) for part in text.itertext()), validate=False)
    except (binascii.Error, ValueError):
        raise MarkupUnusable("its embedded document is not base64") from None
    return embedded(raw, text.get("mediaType") or "")


def _lines(root: etree._Element) -> str:
    """The text below an element, blocks on lines of their own and white space folded; walked without recursion."""
    found: list[str] = []
    dropped = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = _name(element)
        if event == "start":
            dropped += name in _DROPPED
            if not dropped:
                found.append(_before(name))
                found.append(_folded(element.text, name))
            continue
        if not dropped:
            found.append("\n" if name in BLOCKS else " " if name in _CELLS else "")
        dropped -= name in _DROPPED
        if not dropped and element is not root:
            found.append(_folded(element.tail, name))
    lines = (_SPACES.sub(" ", line).strip() for line in "".join(found).split("\n"))
    return "\n".join(line for line in lines if line not in ("", "-", "#"))


def _before(name: str) -> str:
    if name in _HEADINGS or name == "caption":
        return "\n# "
    if name in ("li", "item"):
        return "\n- "
    return "\n" if name in BLOCKS else ""


def _folded(text: str | None, name: str) -> str:
    if not text:
        return ""
    return text if name == "pre" else _WHITE.sub(" ", text)


def _name(element: etree._Element) -> str:
    # Not by QName, which refuses the control characters that lenient HTML lets into a tag.
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""
