"""The chart as it stood at a moment: what came later is not there, what ended later had not ended."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

Resource = Mapping[str, Any]

DATES: Mapping[str, tuple[str, ...]] = {
    "Condition": ("recordedDate", "onsetDateTime", "onsetPeriod.start"),
    "Observation": ("effectiveDateTime", "effectiveInstant", "effectivePeriod.start", "issued"),
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod.start", "issued"),
    "Procedure": ("performedDateTime", "performedPeriod.start"),
    "MedicationRequest": ("authoredOn",),
    "MedicationStatement": ("dateAsserted", "effectiveDateTime", "effectivePeriod.start"),
    "MedicationDispense": ("whenHandedOver", "whenPrepared"),
    "MedicationAdministration": ("effectiveDateTime", "effectivePeriod.start"),
    "ServiceRequest": ("authoredOn",),
    "AllergyIntolerance": ("recordedDate", "onsetDateTime"),
    "Immunization": ("occurrenceDateTime", "recorded"),
    "Encounter": ("period.start",),
    "CarePlan": ("created", "period.start"),
    "Goal": ("startDate",),
    "DeviceRequest": ("authoredOn",),
    "Coverage": ("period.start",),
}
"""Where each type says when it came to be; the latest of them counts, for nobody knew the resource before."""

WRONG = frozenset({"entered-in-error", "refuted"})
"""Statuses of what never was."""


def at(resources: Iterable[Resource], as_of: datetime) -> Iterator[Resource]:
    """The resources as they stood at `as_of`, without what was entered in error or refuted.

    A Condition, Encounter or CarePlan that ended later is given as still open, and a patient who died later as living.
    """
    for resource in resources:
        if not _wrong(resource) and not _came_later(resource, as_of):
            yield _as_open(resource, as_of)


def _wrong(resource: Resource) -> bool:
    verification = resource.get("verificationStatus") or {}
    codes = {each.get("code") for each in verification.get("coding", ())}
    return resource.get("status") in WRONG or bool(codes & WRONG)


def _came_later(resource: Resource, as_of: datetime) -> bool:
    dates = DATES.get(str(resource.get("resourceType")), ())
    return any(later(_at_path(resource, each), as_of) for each in dates)


def _at_path(resource: Resource, path: str) -> object:
    value: Any = resource
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def later(moment: object, as_of: datetime) -> bool:
    """Whether a FHIR date or dateTime begins after `as_of`; "2021-08" begins on its first day."""
    if not isinstance(moment, str):
        return False
    text = moment if len(moment) >= len("2021-01-01") else (moment + "-01-01")[: len("2021-01-01")]
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return False
    return (read if read.tzinfo else read.replace(tzinfo=as_of.tzinfo)) > as_of


def _as_open(resource: Resource, as_of: datetime) -> Resource:
    kind = resource.get("resourceType")
    if kind == "Patient" and later(resource.get("deceasedDateTime"), as_of):
        return _without(resource, "deceasedDateTime")
    if kind == "Condition" and (
        later(resource.get("abatementDateTime"), as_of) or later(_at_path(resource, "abatementPeriod.start"), as_of)
    ):
        active = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]}
        return {**_without(resource, "abatementDateTime", "abatementPeriod"), "clinicalStatus": active}
    if kind in ("Encounter", "CarePlan") and later(_at_path(resource, "period.end"), as_of):
        status = "in-progress" if kind == "Encounter" else "active"
        return {**resource, "status": status, "period": _without(resource["period"], "end")}
    return resource


def _without(resource: Resource, *names: str) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key not in names}
