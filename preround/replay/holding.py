"""What the stage's server holds of the patient, so that it can be said what was written, and that nothing else was."""

from __future__ import annotations

from collections.abc import Mapping

from preround.replay.stage import Stage
from review.proposal import Resource

_TYPES = (
    "AllergyIntolerance",
    "CarePlan",
    "CommunicationRequest",
    "Composition",
    "Condition",
    "DetectedIssue",
    "DiagnosticReport",
    "DocumentReference",
    "GuidanceResponse",
    "MedicationRequest",
    "Observation",
    "Provenance",
    "ServiceRequest",
    "Task",
)
"""What may be written for a patient, and what else a mistake might write."""
_MOST = 5000


async def held(stage: Stage) -> dict[str, Resource]:
    """The patient's resources of those types, by reference."""
    client = stage.house.services.client
    found: dict[str, Resource] = {}
    for kind in _TYPES:
        answer = await client.search(kind, (("patient", stage.patient),), cap=_MOST)
        found |= {f"{r['resourceType']}/{r['id']}": r for r in answer.resources}
    return found


def came(before: Mapping[str, Resource], after: Mapping[str, Resource]) -> dict[str, Resource]:
    """What is new or has another version, by reference."""
    return {ref: r for ref, r in sorted(after.items()) if _version(r) != _version(before.get(ref, {}))}


def _version(resource: Resource) -> object:
    return resource.get("meta", {}).get("versionId")
