"""An attachment as text: plain text in any encoding, HTML, RTF, CDA, and PDF that has text; also packed with gzip."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import zlib
from functools import partial
from typing import Literal

from chart.extract.markup import MarkupUnusable, html_text, xml_text
from chart.node import Node

Form = Literal["pdf", "rtf", "xml", "html", "text"]
LARGEST = 12 * 1024 * 1024
"""Bytes of one attachment, unpacked; a larger one is not read."""
MOST_CHARACTERS = 2_000_000
"""A longer text is cut, so that one attachment cannot take the round's memory."""
LARGEST_PDF = 4 * 1024 * 1024
"""Bytes of a PDF; reading one takes about a second a megabyte."""
MOST_PAGES = 60
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})", re.I)
_ENCODINGS = re.compile(
    r"utf-?(8|16|32)([-_]?[lb]e)?|(us-)?ascii|iso-?8859-\d{1,2}|latin-?1|(windows|cp)-?125\d|macintosh|"
    r"gb(k|2312|18030)|big5|shift[_-]jis|euc-(jp|kr)|koi8-[ru]",
    re.I,
)
"""Encodings of texts; what else Python can decode is none."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_XML = re.compile(r"\s*<\?xml|\s*<!DOCTYPE\s+(?!html)|\s*(<!--.*?-->\s*)?<([\w.-]+:)?ClinicalDocument\b", re.S | re.I)
_HTML = re.compile(r"\s*(<!doctype\s+html|<html\b|<(head|body|div|p|table|span|h[1-6]|ul|ol|b|br)\b[^<>]*>)", re.I)


class Unreadable(ValueError):
    """The attachment has no text that can be read; the message completes "it was not read: …"."""


def text_of(attachment: Node) -> str:
    """The text of an Attachment with `data`.

    Raises:
        Unreadable: there is none, it is too large, or of a kind without text.
    """
    return readable(_content(attachment), attachment.get("contentType").text)


def html_of(attachment: Node) -> str | None:
    """The HTML of an Attachment as it came, not cleaned; `None` where it is of another form.

    Raises:
        Unreadable: there is none, it is too large, or of a kind without text.
    """
    form, text = _formed(_unpacked(_content(attachment)), attachment.get("contentType").text)
    return text if form == "html" else None


def _content(attachment: Node) -> bytes:
    data = attachment.get("data").text
    if not data:
        raise Unreadable("its content is not here" if attachment.get("url") else "it is empty")
    if len(data) > LARGEST * 4 // 3 + 4:
        raise Unreadable(f"it is larger than {LARGEST // 1024**2} MB")
    try:
        return base64.b64decode(data, validate=False)
    except (binascii.Error, ValueError):
        raise Unreadable("it is not base64") from None


def readable(raw: bytes, declared: str, *, inside: bool = False) -> str:
    """The text of some bytes; what they begin with counts for more than what they are declared to be.

    Args:
        raw: the content.
        declared: its MIME type, perhaps with a charset.
        inside: whether it stood in another document; one more inside it is not read.

    Raises:
        Unreadable: it has no text.
    """
    raw = _unpacked(raw)
    form, text = _formed(raw, declared)
    if form == "xml" and inside:
        raise Unreadable("it is a document in a document in a document")
    try:
        match form:
            case "pdf":
                text = _pdf(raw)
            case "rtf":
                text = _rtf(text)
            case "xml":
                text = xml_text(text, embedded=partial(readable, inside=True))
            case "html":
                text = html_text(text)
    except MarkupUnusable as error:
        raise Unreadable(str(error)) from None
    return _whole(text)


def _formed(raw: bytes, declared: str) -> tuple[Form, str]:
    """The form that some bytes really have, and their text as it stands there; none for a PDF."""
    if raw[:1024].lstrip()[:5] == b"%PDF-":
        return "pdf", ""
    kind = declared.partition(";")[0].strip().lower()
    text = _decoded(raw, declared, kind)
    if text.lstrip()[:5] == "{\\rtf":
        return "rtf", text
    if _XML.match(text) or kind.endswith(("/xml", "+xml")):
        return "xml", text
    return ("html" if "html" in kind or _HTML.match(text) else "text"), text


def _whole(text: str) -> str:
    if not text.strip():
        raise Unreadable("it has no text")
    return text[:MOST_CHARACTERS]


def _unpacked(raw: bytes) -> bytes:
    """The bytes, out of gzip where they are packed: some converters pack the document that they converted."""
    if len(raw) > LARGEST:
        raise Unreadable(f"it is larger than {LARGEST // 1024**2} MB")
    if raw[:2] != b"\x1f\x8b":
        return raw
    unpacker = zlib.decompressobj(wbits=31)
    try:
        found = unpacker.decompress(raw, LARGEST + 1)
    except zlib.error:
        raise Unreadable("its compression is broken") from None
    if len(found) > LARGEST:
        raise Unreadable(f"it unpacks to more than {LARGEST // 1024**2} MB")
    return found


def _decoded(raw: bytes, declared: str, kind: str) -> str:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, errors="replace")
    named = _CHARSET.search(declared) or _CHARSET.search(raw[:200].decode("latin-1").replace("encoding", "charset"))
    if named and _ENCODINGS.fullmatch(named[1]):
        try:
            return raw.decode(named[1])
        except (UnicodeDecodeError, LookupError):
            pass  # a wrong label is common; the bytes decide
    if b"\0" in raw[:4096]:
        raise Unreadable(f"it is {kind or 'of no known kind'}, which has no text")
    if kind and not kind.startswith("text/") and not kind.endswith(("xml", "html", "rtf", "json", "octet-stream")):
        raise Unreadable(f"it is {kind}, which has no text")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _rtf(text: str) -> str:
    from striprtf.striprtf import rtf_to_text

    try:
        return str(rtf_to_text(text[: LARGEST // 2], errors="ignore"))  # type: ignore[no-untyped-call]
    except Exception as error:  # whatever the library stumbles over, the note is not readable
        raise Unreadable("its RTF is broken") from error


def _pdf(raw: bytes) -> str:
    if len(raw) > LARGEST_PDF:
        raise Unreadable(f"it is a PDF of more than {LARGEST_PDF // 1024**2} MB")
    import io
    import logging

    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings print parts of the document
    found: list[str] = []
    try:
        for page in PdfReader(io.BytesIO(raw)).pages[:MOST_PAGES]:
            found.append(page.extract_text())
            if sum(map(len, found)) > MOST_CHARACTERS:
                break
    except Exception as error:  # broken, locked or hostile: the library has dozens of ways to say so
        raise Unreadable("its PDF cannot be opened") from error
    text = "\n".join(found)
    if not text.strip():
        raise Unreadable("it is a PDF of pictures, without text")
    return text
