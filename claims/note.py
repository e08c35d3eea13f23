"""A note as FHIR: a DocumentReference whose text travels inside it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from claims.author import AIAST, Author, device_reference
from claims.compose import LOINC
from claims.seal import instant

NoteKind = Literal["progress", "history-and-physical", "consult", "procedure", "operative", "nursing"]
RECORDING = "urn:preround:recording-sha256"
"""The system under which a note names the recording that it was written down from."""
_TYPES: Mapping[NoteKind, tuple[str, str]] = {
    "progress": ("11506-3", "Progress note"),
    "history-and-physical": ("34117-2", "History and physical note"),
    "consult": ("11488-4", "Consult note"),
    "procedure": ("28570-0", "Procedure note"),
    "operative": ("11504-8", "Surgical operation note"),
    "nursing": ("34746-8", "Nurse Note"),
}
_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"
_PLAIN = "text/plain; charset=utf-8"


def dictated_note(
    *,
    patient: str,
    text: str,
    kind: NoteKind,
    dictated: datetime,
    author: Author,
    recording_sha256: str,
    language: str,
    encounter: str | None = None,
) -> dict[str, Any]:
    """A preliminary note of what somebody dictated.

    Args:
        patient: ``Patient/id``.
        text: the words.
        kind: what kind of note it is.
        dictated: when it was dictated.
        author: the Device that wrote the recording down.
        recording_sha256: SHA-256 of the recording's file, in hex; the recording itself is not kept.
        language: BCP 47 code of the text.
        encounter: ``Encounter/id``.
    """
    code, display = _TYPES[kind]
    note: dict[str, Any] = {
        "resourceType": "DocumentReference",
        "meta": {"security": [dict(AIAST)]},
        "identifier": [{"system": RECORDING, "value": recording_sha256}],
        "status": "current",
        "docStatus": "preliminary",
        "type": {"coding": [{"system": LOINC, "code": code, "display": display}]},
        "category": [{"coding": [{"system": _CATEGORY, "code": "clinical-note"}]}],
        "subject": {"reference": patient},
        "date": instant(dictated),
        "author": [device_reference(author)],
        "description": f"{display}, dictated and written down by a program",
        "content": [{"attachment": {"contentType": _PLAIN, "language": language, **_holding(text)}}],
    }
    if encounter is not None:
        note["context"] = {"encounter": [{"reference": encounter}]}
    return note


def words_of(resource: Mapping[str, Any]) -> str | None:
    """The text of a note that holds one plain text and nothing else; ``None`` for every other resource."""
    attachment = _plain(resource)
    if attachment is None:
        return None
    try:
        return base64.b64decode(str(attachment["data"]), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None


def reworded(resource: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The same note with another text; its size and hash go with it.

    Raises:
        ValueError: the resource is no note that holds one plain text.
    """
    attachment = _plain(resource)
    if attachment is None:
        raise ValueError("The resource is no note with one plain text.")
    return {**resource, "content": [{**resource["content"][0], "attachment": {**attachment, **_holding(text)}}]}


def _holding(text: str) -> dict[str, Any]:
    raw = text.encode()
    return {
        "data": base64.b64encode(raw).decode(),
        "size": len(raw),
        # FHIR R4 names SHA-1 for this element; what is signed is held by SHA-256 elsewhere.
        "hash": base64.b64encode(hashlib.sha1(raw, usedforsecurity=False).digest()).decode(),
    }


def _plain(resource: Mapping[str, Any]) -> Mapping[str, Any] | None:
    content = resource.get("content")
    if resource.get("resourceType") != "DocumentReference" or not isinstance(content, list) or len(content) != 1:
        return None
    found = content[0].get("attachment") if isinstance(content[0], dict) else None
    if not isinstance(found, dict) or not isinstance(found.get("data"), str):
        return None
    return found if str(found.get("contentType", "")).partition(";")[0].strip() == "text/plain" else None
