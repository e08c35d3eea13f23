"""What was seen as FHIR: a preliminary DiagnosticReport that says a program made it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from chart.reference import bare
from claims.author import AIAST
from claims.compose import LOINC
from claims.seen import Look, Seen, Sorted

READING = "urn:preround:reading-sha256"
"""The system under which a report names the pictures that it is of."""
_CATEGORY = "http://terminology.hl7.org/CodeSystem/v2-0074"
_HEAD = "Preliminary reading by a program, not by a radiologist."


def image_report(look: Look, *, patient: str) -> dict[str, Any]:
    """A preliminary report of one reading.

    Args:
        look: the reading.
        patient: `Patient/id`.
    """
    text = "\n".join(lines_of(look))
    raw = text.encode()
    report: dict[str, Any] = {
        "resourceType": "DiagnosticReport",
        "meta": {"security": [dict(AIAST)]},
        "identifier": [{"system": READING, "value": pictures_sha256(look)}],
        "status": "preliminary",
        "category": [{"coding": [{"system": _CATEGORY, "code": "RAD", "display": "Radiology"}]}],
        "code": {"coding": [{"system": LOINC, "code": "18748-4", "display": "Diagnostic imaging study"}]},
        "subject": {"reference": patient},
        "conclusion": " ".join([_HEAD, *(_said(one) for one in look.findings)])
        if look.findings
        else f"{_HEAD} Nothing was found.",
        "presentedForm": [
            {
                "contentType": "text/plain; charset=utf-8",
                "language": "en",
                "data": base64.b64encode(raw).decode(),
                "size": len(raw),
                # FHIR R4 names SHA-1 for this element; what is signed is held by SHA-256 elsewhere.
                "hash": base64.b64encode(hashlib.sha1(raw, usedforsecurity=False).digest()).decode(),
            }
        ],
    }
    if look.day:
        report["effectiveDateTime"] = look.day
    if look.study:
        report["imagingStudy"] = [{"reference": bare(look.study)}]
    return report


def pictures_sha256(look: Look) -> str:
    """One hash for the pictures that were sent, in their order."""
    return hashlib.sha256("\n".join(one.sha256 for one in look.pictures).encode()).hexdigest()


def lines_of(look: Look) -> list[str]:
    """A reading as plain lines: what was read, what was found, what speaks against it, and what was not read."""
    revision = f" ({look.revision})" if look.revision else ""
    lines = [_HEAD, f"Read as {look.kind} by {look.model}{revision}; taken {look.day or 'on a day that is not said'}."]
    lines += [look.compared] if look.compared else ["Compared with no earlier picture."]
    lines += [f"- {_detailed(one)}" for one in look.findings] or ["- Nothing was found."]
    if look.report is None:
        lines.append("The chart holds no radiologist's report of this study to compare with.")
    else:
        lines.append(f"Compared with the report of {look.report.day or 'an unknown day'} ({look.report.status}).")
        lines += [f"- Only in the report: {one}" for one in look.report.only_here]
    return [*lines, *look.notes]


def sorting_lines(look: Look) -> list[str]:
    """What a classifier says, for who reviews; it is no part of the report."""
    if not look.sorter:
        return []
    lines = [f"Help in sorting by {look.sorter}: no finding, and no part of what is signed."]
    lines += [f"- {_sorted(one)}" for one in look.sorted]
    lines += [f"- Looks like the picture of {one.day} (likeness {one.likeness:.2f})." for one in look.similar]
    return lines if look.similar else [*lines, "- No earlier picture of this patient was sorted by it."]


def _sorted(one: Sorted) -> str:
    said = f"; its header says {one.header}" if one.header else ""
    differs = ". They differ" if one.differs else ""
    return f"{one.question.capitalize()}: {one.answer} ({one.share:.0%}){said}{differs}."


def _detailed(seen: Seen) -> str:
    parts = [f"{seen.sentence}."]
    if seen.words:
        parts.append(f"In the model's words: “{seen.words}”.")
    if seen.place is not None:
        parts.append(f"Box {seen.place.words} (picture {seen.picture}).")
    if seen.reported is not None:
        why = f" ({seen.reported.why})" if seen.reported.why else ""
        parts.append(f"Report: {seen.reported.verdict}{why}.")
    parts += [f"Doubt: {one}." for one in seen.doubts]
    return " ".join(parts)


def _said(seen: Seen) -> str:
    against = seen.reported is not None and seen.reported.verdict == "contradicts"
    return f"{seen.sentence}{' (the radiologist’s report says otherwise)' if against else ''}."
