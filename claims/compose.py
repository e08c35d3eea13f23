"""From drafts to FHIR: one Composition a text, its sections as cleaned narrative with the resources they stand on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from chart.reference import bare
from claims.author import AIAST, Author, device_reference
from claims.claim import Citation, Draft, Section
from claims.seal import instant

LOINC = "http://loinc.org"
_TYPES = {
    "summary": ("60591-5", "Patient summary Document", "Pre-round summary"),
    "comparison": ("11506-3", "Progress note", "What changed"),
}
_SECTIONS = {
    "Allergies": ("48765-2", "Allergies and adverse reactions Document"),
    "Active problems": ("11450-4", "Problem list - Reported"),
    "Medicines": ("10160-0", "History of Medication use Narrative"),
    "Changed": ("30954-2", "Relevant diagnostic tests/laboratory data Narrative"),
}
_XHTML = "http://www.w3.org/1999/xhtml"


def composes(draft: Draft) -> bool:
    """Whether a draft becomes a Composition: texts do, suggestions are resources of their own."""
    return draft.task in _TYPES and bool(draft.claims)


def composition(
    draft: Draft,
    *,
    resource_id: str,
    patient: str,
    as_of: datetime,
    author: Author,
    beside: Sequence[Section] = (),
) -> dict[str, Any]:
    """A preliminary Composition; it points at what it was read from, never at suggestions.

    Args:
        draft: what stands.
        resource_id: the id it will have on the server.
        patient: ``Patient/id``.
        as_of: clinical now, its date.
        author: the Device that drafted it.
        beside: sections of another draft that go on record with it, behind its own.
    """
    code, display, title = _TYPES[draft.task]
    return {
        "resourceType": "Composition",
        "id": resource_id,
        "meta": {"security": [dict(AIAST)]},
        "status": "preliminary",
        "type": {"coding": [{"system": LOINC, "code": code, "display": display}]},
        "subject": {"reference": patient},
        "date": instant(as_of),
        "author": [device_reference(author)],
        "title": title,
        "section": [_section(section) for section in (*draft.sections, *beside)],
    }


def _section(section: Section) -> dict[str, Any]:
    items = "".join(f"<li>{escape(claim.line)}</li>" for claim in section.claims)
    found: dict[str, Any] = {"title": section.title}
    coded = _SECTIONS.get(section.title)
    if coded:
        found["code"] = {"coding": [{"system": LOINC, "code": coded[0], "display": coded[1]}]}
    found["text"] = {"status": "generated", "div": f'<div xmlns="{_XHTML}"><ul>{items}</ul></div>'}
    cited = sources([c for claim in section.claims for c in claim.citations])
    if cited:
        found["entry"] = [{"reference": bare(reference)} for reference in cited]
    return found


def sources(citations: Sequence[Citation]) -> tuple[str, ...]:
    """The versioned references of some citations, each once, in order."""
    return tuple(dict.fromkeys(c.reference for c in citations))
