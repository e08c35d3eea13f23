"""`preround manifest`: what a chart holds, on one screen, without a round."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from chart.manifest import ORDER, Manifest, manifest_json
from chart.manifest import manifest as manifest_of
from preround.doing.chart_reading import Reading, read
from preround.doing.rounds import patient_id
from preround.door import Fhir, Json, enter, err, out, write_json
from preround.shown.instant import instant
from preround.wiring import House


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
        found = await read(house, patient_id(patient), as_of=instant(as_of) if as_of else house.services.clock.now())
        made = manifest_of(found.chart)
        if json is not None:
            write_json(
                {
                    "patient": found.chart.patient.reference,
                    **manifest_json(made),
                    "masked": dict(found.chart.masked),
                    "not_read": found.not_read,
                },
                json,
            )
        if json != "-":
            _show(made, found)
        return 0

    enter(work, fhir=fhir, json=json)


def _show(made: Manifest, reading: Reading) -> None:
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
    if masked := ", ".join(f"{count} {title}" for title, count in sorted(reading.chart.masked.items())):
        out.print(f"Masked by policy: {masked}", markup=False)
    for one in reading.evidence:
        if one.coverage.error:
            err.print(f"Could not read {one.coverage.query.partition('?')[0]}: {one.coverage.error}", markup=False)
