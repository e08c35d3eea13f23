"""Notes: the text of a DocumentReference or of a report's presented form."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chart.extract.statement import statement, when_of
from chart.fact import Fact
from chart.node import Node

_TAG = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.S | re.I)
_BLOCK = re.compile(r"<\s*/?\s*(p|div|br|li|tr|h[1-6]|table|ul|ol)\b[^>]*>", re.I)
MAX_CHARACTERS = 2_000_000
"""A longer text is cut, so that one attachment cannot take the round's memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteText:
    """The readable text of one note."""

    fact: Fact
    """The note as a fact: type, date, status."""
    text: str
    """Plain text, in the note's own lines."""
    path: str
    """Where the attachment stands."""


def facts(resource: Mapping[str, Any]) -> list[Fact]:
    """The note as a dated fact; its text comes by :func:`note_text`."""
    root = Node.root(resource)
    status = root.get("status")
    kind = root.get("type") if root.get("type") else root.get("code")
    fact = statement(
        resource,
        kind="note",
        name=kind.concept_cell() or root.get("description").cell or root.get("status").cell,
        codes=kind.codings(),
        when=when_of(root, "date", "effective", "issued"),
        status=status.text,
        status_cell=status.cell,
    )
    return [fact] if fact else []


def note_text(resource: Mapping[str, Any], fact: Fact) -> NoteText | None:
    """The text of a note, or ``None`` when no attachment can be read as text (the coverage then names it)."""
    root = Node.root(resource)
    attachments = [content.get("attachment") for content in root.items("content")] or root.items("presentedForm")
    for attachment in attachments:
        data = attachment.get("data")
        kind = attachment.get("contentType").text.lower()
        if not data.text or not (kind.startswith("text/") or kind == ""):
            continue
        try:
            raw = base64.b64decode(data.text, validate=False)
        except (binascii.Error, ValueError):
            continue
        text = raw[: MAX_CHARACTERS * 4].decode("utf-8", errors="replace")[:MAX_CHARACTERS]
        if "html" in kind or "xml" in kind:
            text = strip_markup(text)
        return NoteText(fact=fact, text=text, path=data.path)
    return None


def strip_markup(text: str) -> str:
    """Text without tags, scripts and comments; block tags become line breaks."""
    return html.unescape(_TAG.sub("", _BLOCK.sub("\n", text)))
