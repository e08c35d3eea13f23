"""Notes: the text of a DocumentReference or of a report's presented form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chart.extract.attachment import Unreadable, html_of, text_of
from chart.extract.statement import Origin, Said, said, told
from chart.extract.when import dated, when_of
from chart.fact import Fact
from chart.node import Node
from chart.remembered import remembered

_DATES = ("date", "effective", "issued")
_NOTED = dated("DocumentReference", *_DATES)


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteText:
    """The readable text of one note."""

    fact: Fact
    """The note as a fact: type, date, status."""
    text: str
    """Plain text, in the note's own lines; headings are marked with `#`."""
    path: str
    """Where the attachment stands."""


def facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """The note as a dated fact; its text comes by :func:`note_text`."""
    root = Node.root(resource)
    noted = root.path == "DocumentReference"
    return told(origin, _note(root), when=_NOTED(resource) if noted else when_of(root, *_DATES))


@remembered("status", "type", "code", "description")
def _note(root: Node) -> tuple[Said, ...]:
    status = root.cell_of("status")
    kind = root.coded("type") if root.has("type") else root.coded("code")
    return said("note", kind.cell or root.cell_of("description") or status, kind.codings, status=status)


def note_text(resource: Mapping[str, Any], fact: Fact) -> NoteText | None:
    """The text of a note or report: its first attachment that can be read. `None` when it has no attachment at all.

    Raises:
        Unreadable: it has attachments, and none of them can be read as text; says why for the first.
    """
    reasons = []
    for attachment in _attachments(resource):
        try:
            return NoteText(fact=fact, text=text_of(attachment), path=attachment.get("data").path)
        except Unreadable as error:
            reasons.append(error)
    if reasons:
        raise reasons[0]
    return None


def note_markup(resource: Mapping[str, Any]) -> str | None:
    """The HTML of the attachment that :func:`note_text` reads, as it came and not cleaned; `None` without HTML."""
    for attachment in _attachments(resource):
        try:
            text_of(attachment)
            return html_of(attachment)
        except Unreadable:
            continue
    return None


def _attachments(resource: Mapping[str, Any]) -> Sequence[Node]:
    root = Node.root(resource)
    return [content.get("attachment") for content in root.items("content")] or root.items("presentedForm")
