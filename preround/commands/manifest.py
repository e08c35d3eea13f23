"""`preround manifest`: what a chart holds, on one screen, without a round."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from agents.plan import MUST_LOOK
from chart.chart import Chart
from chart.manifest import ORDER, Manifest, manifest_json
from chart.manifest import manifest as manifest_of
from chart.sensitive import sensitive_classes
from preround.commands.run import instant
from preround.door import Fhir, Json, enter, err, out, write_json
from preround.failure import Missing
from preround.rounds import NOBODY, patient_id
from preround.wiring import House
from tools.evidence import Evidence
from tools.fhir.errors import FhirNotFound
from tools.fhir.read_chart import Ask, read_chart
from tools.fhir.read_patient import read_patient
from tools.fhir.scope import PatientScope

FURTHER = ("ImagingStudy", "FamilyMemberHistory", "Goal", "Device", "CareTeam", "Specimen", "MedicationDispense")
"""What is listed beside the must-look set."""


def manifest(
    patient: Annotated[str, typer.Argument(help="Patient id, with or without Patient/.")],
    as_of: Annotated[
        str | None, typer.Option(metavar="DATETIME", help="Clinical now; later facts are not seen.")
    ] = None,
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Show what a chart holds: for each thing how often, from when to when, and its last value; nothing is kept."""

    async def work(house: House) -> int:
        services = house.services
        scope = PatientScope(patient_id=patient_id(patient), base_url=services.client.base_url)
        asks = [Ask(resource_type=kind, coverage_id=f"c{n}") for n, kind in enumerate((*MUST_LOOK, *FURTHER), start=1)]
        try:
            person = await read_patient(services.client, scope)
        except FhirNotFound as error:
            raise Missing(NOBODY) from error
        found = await read_chart(services.client, scope, asks)
        chart = Chart.build(
            [person, *(r for e in found for r in e.resources)],
            as_of=instant(as_of) if as_of else services.clock.now(),
            sensitive=sensitive_classes(services.site_tables),
        )
        made = manifest_of(chart)
        if json is not None:
            failed = [{"query": e.coverage.query, "error": e.coverage.error} for e in found if e.coverage.error]
            write_json({"patient": f"Patient/{scope.patient_id}", **manifest_json(made), "not_read": failed}, json)
        if json != "-":
            _show(made, found)
        return 0

    enter(work, fhir=fhir, json=json)


def _show(made: Manifest, found: list[Evidence]) -> None:
    table = Table("kind", "what", "code", "times", "first", "last", "last value")
    before = ""
    for entry in made.entries:
        dates = [m.text[:10] if m else "" for m in (entry.first, entry.last)]
        code = entry.code.rpartition("|")[2]
        kind = entry.kind.replace("_", " ") if entry.kind != before else ""
        table.add_row(kind, entry.name, code, str(entry.count), *dates, entry.value)
        before = entry.kind
    out.print(table)
    if missing := [kind.replace("_", " ") for kind in ORDER if kind not in made.by_kind]:
        out.print(f"None found: {', '.join(missing)}", markup=False)
    for why, count in made.left_out.items():
        out.print(f"Left out: {count} {why.replace('_', ' ')}", markup=False)
    for one in found:
        if one.coverage.error:
            err.print(f"Could not read {one.coverage.query.partition('?')[0]}: {one.coverage.error}", markup=False)
