"""Notes: the text of a DocumentReference or of a report's presented form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chart.extract.attachment import Unreadable, text_of
from chart.extract.statement import statement, when_of
from chart.fact import Fact
from chart.node import Node


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteText:
    """The readable text of one note."""

    fact: Fact
    """The note as a fact: type, date, status."""
    text: str
    """Plain text, in the note's own lines; headings are marked with `#`."""
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
    """The text of a note or report: its first attachment that can be read. `None` when it has no attachment at all.

    Raises:
        Unreadable: it has attachments, and none of them can be read as text; says why for the first.
    """
    root = Node.root(resource)
    attachments = [content.get("attachment") for content in root.items("content")] or root.items("presentedForm")
    reasons = []
    for attachment in attachments:
        try:
            return NoteText(fact=fact, text=text_of(attachment), path=attachment.get("data").path)
        except Unreadable as error:
            reasons.append(error)
    if reasons:
        raise reasons[0]
    return None
