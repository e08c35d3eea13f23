"""`preround tables`: what the rules know, who says so, and how much of one chart that covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table as Shown

from chart.appraisal import appraise
from chart.covered import Covered, What, covered
from chart.site_tables import TABLES, TableName, Tables, rows_in
from chart.site_tables import tables as tables_in_force
from preround.doing.chart_reading import read
from preround.doing.rounds import patient_id
from preround.door import Fhir, Json, enter, err, leave, out, settings_with, write_json
from preround.failure import Unusable
from preround.shown.instant import instant
from preround.wiring import House

_SAID: dict[What, str] = {
    "medicines": "medicines that nobody ended",
    "results": "kinds of result with a number",
    "ranges": "laboratory tests with a reference range",
    "problems": "active problems",
}


def tables(
    patient: Annotated[
        str | None, typer.Argument(help="Patient id: how much of this chart the tables know; nothing is kept.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATETIME", help="Clinical now; later facts are not seen.")
    ] = None,
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Show the tables that the rules stand on with their sources and this site's own rows, or how much of a chart they know."""  # noqa: E501 - the help's one line
    if patient is None:
        leave(lambda: _in_force(fhir, json, as_of), json=json)
    asked = patient

    async def work(house: House) -> int:
        site = house.services.site_tables
        found = await read(house, patient_id(asked), as_of=instant(as_of) if as_of else house.services.clock.now())
        made = covered(appraise(found.chart, site=site))
        if json is not None:
            rows = [{"what": c.what, "known": c.known, "total": c.total, "unknown": list(c.unknown)} for c in made]
            write_json({"patient": found.chart.patient.reference, "tables": rows, "not_read": found.not_read}, json)
        if json != "-":
            _show(made)
        for one in found.evidence:
            if one.coverage.error:
                err.print(f"Could not read {one.coverage.query.partition('?')[0]}: {one.coverage.error}", markup=False)
        return 0

    enter(work, fhir=fhir, json=json)


def _in_force(fhir: str | None, json: str | None, as_of: str | None) -> int:
    if as_of is not None:
        raise Unusable("--as-of is about one chart; name the patient as well")
    found = tables_in_force(settings_with(fhir).site_tables)
    rows = [_row(name, found) for name in TABLES]
    if json is not None:
        write_json({"tables": rows, "site_rows": [asdict(r) for r in found.site_rows]}, json)
    if json != "-":
        table = Shown("table", "rows", "source", "basis")
        for row in rows:
            table.add_row(row["name"], str(row["rows"]), row["source"], row["basis"])
        out.print(table)
        for own in found.site_rows:
            out.print(f"This site: {own.file}, {own.place}: {own.does} ({own.source})", markup=False)
        if not found.site_rows:
            out.print("No rows of this site's own; PREROUND_SITE_TABLES names a folder with them.", markup=False)
    return 0


def _row(name: TableName, found: Tables) -> dict[str, Any]:
    table = found.by_name[name]
    source = table["source"]
    return {"name": name, "rows": rows_in(table), "source": source["name"], "basis": source["basis"]}


def _show(made: Sequence[Covered]) -> None:
    table = Shown("what", "known", "of", "not known to any table")
    for one in made:
        table.add_row(_SAID[one.what], str(one.known), str(one.total), ", ".join(one.unknown))
    out.print(table)
