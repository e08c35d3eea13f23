"""Which extractor reads which resource type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chart.extract import allergy, condition, event, further, measured, medication, note, patient
from chart.extract.statement import Origin, identity
from chart.fact import Fact


def _device_facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    return [] if is_nobodys(resource) else further.device_facts(resource, origin)


_PLAIN: Mapping[str, Callable[[Mapping[str, Any], Origin], list[Fact]]] = {
    "Patient": patient.facts,
    "AllergyIntolerance": allergy.facts,
    "Condition": condition.facts,
    "Observation": measured.facts,
    "Encounter": event.encounter_facts,
    "Procedure": event.procedure_facts,
    "Immunization": event.immunization_facts,
    "DiagnosticReport": event.report_facts,
    "CarePlan": event.care_plan_facts,
    "DocumentReference": note.facts,
    "ServiceRequest": further.order_facts,
    "ImagingStudy": further.imaging_facts,
    "FamilyMemberHistory": further.family_facts,
    "Goal": further.goal_facts,
    "Device": _device_facts,
    "CareTeam": further.care_team_facts,
    "Specimen": further.specimen_facts,
}
_MEDICINES: Mapping[str, Callable[[Mapping[str, Any], medication.Library, Origin], list[Fact]]] = {
    "MedicationRequest": medication.request_facts,
    "MedicationStatement": medication.statement_facts,
    "MedicationAdministration": medication.administration_facts,
    "MedicationDispense": medication.dispense_facts,
}
READ = frozenset(_PLAIN) | frozenset(_MEDICINES)
"""The resource types that give facts."""
POINTED_AT = frozenset({"Medication", "Practitioner", "PractitionerRole", "Organization", "Location"})
"""Types that only explain others and give no facts of their own."""


def is_nobodys(resource: Mapping[str, Any]) -> bool:
    """Whether it is a Device that no patient has: what sent or measured something, such as the record system itself."""
    return resource.get("resourceType") == "Device" and not resource.get("patient")


def facts_of(resource: Mapping[str, Any], library: medication.Library, origin: Origin | None = None) -> list[Fact]:
    """The facts of one resource; empty when it cannot be understood, which the chart counts and names.

    Args:
        resource: what is read.
        library: what it may point at, by ``Type/id``.
        origin: its reference and version, where they are known already.
    """
    kind = resource.get("resourceType")
    if not isinstance(kind, str):
        return []
    plain = _PLAIN.get(kind)
    if plain is not None:
        return plain(resource, origin or identity(resource))
    medicine = _MEDICINES.get(kind)
    return medicine(resource, library, origin or identity(resource)) if medicine else []
