"""What the chart says of pictures: whose they are, which there are, and what radiologists reported of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chart.chart import visible
from chart.extract.attachment import Unreadable
from chart.extract.note import facts, note_text
from chart.extract.statement import identity
from chart.sensitive import sensitive_classes
from claims.author import AIAST
from preround.doing import rounds
from preround.doing.transcribing import age_on
from preround.failure import Declined
from preround.wiring import House
from tools.fhir.scope import PatientScope
from tools.fhir.search_chart import search_chart
from tools.imaging.study import AttachedPicture, ImagedStudy, pictures_in, studies_in
from tools.imaging.whose import Owner

_ASKED = ("ImagingStudy", "DiagnosticReport", "Media", "DocumentReference")
_NOT_SAID = frozenset({"cancelled", "entered-in-error", "registered", "unknown"})
_RADIOLOGY = frozenset({"RAD", "RX", "CT", "CUS", "NMR", "NMS", "OUS", "RUS", "LP29684-5", "18748-4", "imaging"})
"""Codes of categories and of studies that make a report one of pictures."""

Resource = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Charted:
    """One patient's pictures, as the chart has them."""

    scope: PatientScope
    """Holds every further request to the patient."""
    owner: Owner = field(repr=False)
    """How pictures must name him."""
    age: int | None
    """In whole years; None where it is not known."""
    studies: tuple[ImagedStudy, ...]
    """What was done, the newest first."""
    pictures: tuple[AttachedPicture, ...]
    """What is attached, the newest first."""
    resources: Mapping[str, Resource] = field(repr=False)
    """By `Type/id`; what policy keeps back is not there."""
    not_read: tuple[str, ...]
    """What could not be read, one sentence each."""

    def versioned(self, reference: str) -> str:
        """The reference with its version, where the server keeps any."""
        version = self.resources[reference].get("meta", {}).get("versionId")
        return f"{reference}/_history/{version}" if version else reference

    def report_of(self, study: ImagedStudy | None, day: str) -> Resource | None:
        """The radiologist's report of a study, the last one: by its reference, else the one of pictures of that day.

        Args:
            study: None for a picture that is no study of the chart.
            day: when it was taken.
        """
        reports = [one for one in self.resources.values() if one.get("resourceType") == "DiagnosticReport"]
        proper = [one for one in reports if one.get("status") not in _NOT_SAID and not _by_a_program(one)]
        named = [one for one in proper if study and study.reference in _references(one.get("imagingStudy"))]
        same_day = [
            one
            for one in proper
            if day and _day(one) == day[:10] and not one.get("imagingStudy") and _RADIOLOGY & set(_codes(one))
        ]
        # Two reports of pictures on one day, and neither names its study: whose words they are can't be told.
        found = named or (same_day if len(same_day) == 1 else [])
        return max(found, key=lambda one: str(one.get("issued") or one.get("effectiveDateTime") or ""), default=None)


async def charted(house: House, patient: str, *, as_of: datetime) -> Charted:
    """Read what the chart says of pictures.

    Args:
        house: the running program.
        patient: the id, without `Patient/`.
        as_of: what came later is not seen.

    Raises:
        Missing: no such patient.
        Declined: the studies could not be read, so that there is nothing to go by.
        FhirUnreachable: no server.
    """
    services = house.services
    person = await rounds.known(house, patient)
    scope = PatientScope(patient_id=patient, base_url=services.client.base_url)
    found = await asyncio.gather(
        *(
            search_chart(services.client, scope, kind, coverage_id=f"c{n}", alone=kind != "DiagnosticReport")
            for n, kind in enumerate(_ASKED, start=1)
        )
    )
    failed = {kind: one.coverage.error for kind, one in zip(_ASKED, found, strict=True) if one.coverage.error}
    if "ImagingStudy" in failed:
        raise Declined(f"The chart's imaging studies could not be read: {failed['ImagingStudy']}")
    resources = [person, *(r for one in found for r in one.resources)]
    seen = visible(resources, as_of=as_of, sensitive=sensitive_classes(services.site_tables))
    known = {ref: one for ref, one in seen.items() if _when(one) <= as_of.date().isoformat()}
    return Charted(
        scope=scope,
        owner=Owner.of(person),
        age=age_on(person, as_of.date()),
        studies=studies_in(known.values()),
        pictures=pictures_in(known.values()),
        resources=known,
        not_read=tuple(f"{kind} could not be read: {error}" for kind, error in failed.items()),
    )


def text_of(report: Resource) -> str:
    """The words of a report: its text and its conclusion."""
    parts: list[str] = []
    for fact in facts(report, identity(report)):
        try:
            note = note_text(report, fact)
        except Unreadable:
            note = None
        parts += [note.text] if note else []
    conclusion = report.get("conclusion")
    if isinstance(conclusion, str) and conclusion.strip() not in "\n".join(parts):
        parts.append(f"IMPRESSION: {conclusion.strip()}")
    return "\n".join(parts)


def _when(resource: Resource) -> str:
    return str(resource.get("started") or _day(resource) or resource.get("date") or "")[:10]


def _day(resource: Resource) -> str:
    period = resource.get("effectivePeriod") or {}
    return str(resource.get("effectiveDateTime") or period.get("start") or resource.get("issued") or "")[:10]


def _by_a_program(resource: Resource) -> bool:
    """Whether a program asserted it, as ours does; a program's reading is no evidence for another's."""
    labels = resource.get("meta", {}).get("security", ())
    return any(one.get("code") == AIAST["code"] for one in labels if isinstance(one, Mapping))


def _references(listed: Any) -> set[str]:  # noqa: ANN401 - any JSON value
    items: Iterable[Any] = listed if isinstance(listed, list) else ()
    parts = (
        str(one.get("reference") or "").partition("/_history/")[0].split("/") for one in items if isinstance(one, dict)
    )
    return {"/".join(one[-2:]) for one in parts}


def _codes(report: Resource) -> list[str]:
    concepts = [*(report.get("category") or ()), report.get("code") or {}]
    return [str(c.get("code")) for one in concepts if isinstance(one, dict) for c in one.get("coding") or ()]
