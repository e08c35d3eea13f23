"""A chart read without a round: for doors that show what is there and keep nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agents.plan import MUST_LOOK
from chart.chart import Chart
from chart.sensitive import sensitive_classes
from preround.doing.rounds import known
from preround.wiring import House
from tools.evidence import Evidence
from tools.fhir.read_chart import Ask, read_chart
from tools.fhir.scope import PatientScope

FURTHER = ("ImagingStudy", "FamilyMemberHistory", "Goal", "Device", "CareTeam", "Specimen", "MedicationDispense")
"""What is read beside the must-look set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One patient's chart, and how its reading went."""

    chart: Chart
    """The facts; what policy keeps back is in neither facts nor resources."""
    evidence: tuple[Evidence, ...]
    """One for each type that was asked for."""

    @property
    def not_read(self) -> list[dict[str, str | None]]:
        """The searches that failed, each with its sentence."""
        return [{"query": e.coverage.query, "error": e.coverage.error} for e in self.evidence if e.coverage.error]


async def read(house: House, patient: str, *, as_of: datetime) -> Reading:
    """Read the must-look set of one patient and a little more.

    Args:
        house: the running program.
        patient: the patient's id, without `Patient/`.
        as_of: clinical now; later facts are left out and counted.

    Raises:
        Missing: no such patient.
        FhirUnreachable: no server.
    """
    services = house.services
    person = await known(house, patient)
    scope = PatientScope(patient_id=patient, base_url=services.client.base_url)
    asks = [Ask(resource_type=kind, coverage_id=f"c{n}") for n, kind in enumerate((*MUST_LOOK, *FURTHER), start=1)]
    found = await read_chart(services.client, scope, asks)
    chart = Chart.build(
        [person, *(r for e in found for r in e.resources)],
        as_of=as_of,
        sensitive=sensitive_classes(services.site_tables),
    )
    return Reading(chart=chart, evidence=tuple(found))
