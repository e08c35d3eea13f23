"""`preround load`, `preround patients`: what is on the server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from preround.doing.load import load as load_paths
from preround.doing.load import numbers, remarks
from preround.door import Fhir, Json, enter, err, out, write_json
from preround.failure import NOT_FOUND
from preround.fhir_login import login
from preround.wiring import SANDBOX_URL, House
from tools.fhir.find_patients import find_patients
from tools.fhir.transport import in_process


def load(
    paths: Annotated[list[Path], typer.Argument(help="Bundles as JSON, NDJSON or .gz, or folders of them.")],
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Load bundles into the FHIR server; loading again is harmless."""

    async def work(house: House) -> int:
        settings = house.settings
        with Progress(console=err, transient=True) as progress:
            bar = progress.add_task("loading", total=None)
            done = await load_paths(
                paths,
                base_url=settings.fhir or SANDBOX_URL,
                transport=in_process(house.sandbox) if house.sandbox else None,
                auth=login(settings, settings.fhir or SANDBOX_URL, purpose="write", now=house.services.clock.now),
                on_progress=lambda count, total: progress.update(bar, completed=count, total=total),
            )
        if json is not None:
            write_json({"loaded": dict(done.counts), **numbers(done)}, json)
        if json != "-":
            there = f", {done.unchanged} of which were there already" if done.unchanged else ""
            out.print(f"Loaded {sum(done.counts.values())} resources{there}.")
            for line in remarks(done):
                out.print(line)
            out.print("Next: preround patients")
        return 0

    enter(work, fhir=fhir, json=json)


def patients(fhir: Fhir = None, json: Json = None) -> None:
    """List the patients of the FHIR server: id, name, birth date, number of resources."""

    async def work(house: House) -> int:
        found = await find_patients(house.services.client)
        if json is not None:
            rows = [
                {"id": p.id, "name": p.name, "birth_date": p.birth_date, "resources": p.resources} for p in found.rows
            ]
            write_json({"patients": rows, "truncated": found.truncated}, json)
        if json != "-":
            table = Table("id", "name", "born", "resources")
            for p in found.rows:
                table.add_row(p.id, p.name, p.birth_date or "", "" if p.resources is None else str(p.resources))
            out.print(table)
            if not found.rows:
                err.print("There is nobody on the server yet; load bundles with `preround load PATH`.")
        return 0 if found.rows else NOT_FOUND

    enter(work, fhir=fhir, json=json)
