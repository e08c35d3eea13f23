"""`preround guidelines`: which recommendations there are, others' brought along, tried out, and why one came out so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from chart.appraisal import appraise
from chart.chart import Chart
from preround.clock import WallClock
from preround.commands.run import instant
from preround.door import Fhir, Json, enter, leave, out, settings_with, write_json
from preround.failure import Missing, Unusable
from preround.rounds import patient_id
from preround.settings import Settings
from preround.wiring import House, guideline_folders
from tools.fhir.read_patient import read_patient
from tools.fhir.scope import PatientScope
from tools.fhir.search_chart import search_chart
from tools.guidelines.adding import add as add_files
from tools.guidelines.compile import CqlNotTranslated
from tools.guidelines.evaluate import evaluate
from tools.guidelines.gaps import recommendation_of
from tools.guidelines.library import BUILT_IN, GuidelineLibrary, load
from tools.guidelines.outcome import Outcome
from tools.guidelines.worker import GuidelineWorker

guidelines = typer.Typer(help="Recommendations: list them, bring your own, ask why.", no_args_is_help=True)
LOOKED_AT = (
    "AllergyIntolerance",
    "Condition",
    "DiagnosticReport",
    "Encounter",
    "Immunization",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Procedure",
    "ServiceRequest",
)
"""What `why` reads of a patient."""
Folder = Annotated[str, typer.Argument(metavar="PATH", help="A file or a folder of FHIR JSON, with ELM or CQL.")]


@guidelines.command("list")
def list_(json: Json = None) -> None:
    """List the recommendations and measures, with version, period in force, grade, and whether they are shown."""

    def work() -> int:
        library = load(guideline_folders(settings_with()))
        rows = listed(library)
        if json is not None:
            write_json(rows, json)
        if json != "-":
            table = Table(Column("id", no_wrap=True), "version", "in force", "grade", "shown", "title", box=None)
            for row in rows:
                period = f"{row['start']} – {row['end'] or ''}"
                table.add_row(row["id"], row["version"], period, row["grade"], row["mode"], row["title"])
            out.print(table)
        return 0

    leave(work, json=json)


def listed(library: GuidelineLibrary) -> list[dict[str, Any]]:
    """One row for each version of a recommendation, and for each measure."""
    measures = library.measures.measures if library.measures else ()
    return [
        {
            "id": each.id,
            "title": each.title,
            "version": each.version,
            "start": each.start.isoformat(),
            "end": each.end.isoformat() if each.end else None,
            "grade": each.grade,
            "publisher": each.publisher,
            "mode": library.rules.mode(each.id, experimental=each.experimental),
        }
        for each in (*library.recommendations, *map(recommendation_of, measures))
    ]


@guidelines.command()
def add(
    path: Folder,
    name: Annotated[
        str | None, typer.Option("--name", help="What to keep them as; the name of PATH without it.")
    ] = None,
    json: Json = None,
) -> None:
    """Bring recommendations or measures along: bundles of PlanDefinition, Measure, Library and ValueSet."""

    def work() -> int:
        settings = settings_with()
        source = Path(path)
        if not source.exists():
            raise Unusable(f"There is nothing at {source.name}; give a file or a folder")
        target = settings.home / "guidelines" / (name or source.name.partition(".")[0])
        try:
            counts = add_files([source], target, node_modules=settings.node_modules)
        except CqlNotTranslated as error:
            raise Unusable(f"The CQL cannot be translated: {error}") from error
        problems = asyncio.run(_problems(load((BUILT_IN, target)), settings))
        if json is not None:
            write_json({"name": target.name, "taken": counts, "problems": problems}, json)
        if json != "-":
            taken = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
            out.print(f"Added {target.name}: {taken}.", markup=False)
            for each, why in problems.items():
                out.print(f"{each} cannot be evaluated: {why}", markup=False, style="red")
        return 0

    leave(work, json=json)


async def _problems(library: GuidelineLibrary, settings: Settings) -> dict[str, str]:
    """What cannot be evaluated, with the reason: whatever does not parse."""
    async with GuidelineWorker(node_modules=settings.node_modules, seconds=60, megabytes=1024) as worker:
        needs = await worker.load(library)
        found = {each.id: "its logic cannot be parsed" for each in library.recommendations if each.library not in needs}
        if library.measures:
            found |= (await worker.hold(library.measures))[1]
    return found


@guidelines.command("test")
def try_out(json: Json = None) -> None:
    """Have every library and measure parsed by the engine, and say which cannot be evaluated."""

    def work() -> int:
        settings = settings_with()
        library = load(guideline_folders(settings))
        problems = asyncio.run(_problems(library, settings))
        total = len(library.recommendations) + (len(library.measures.measures) if library.measures else 0)
        if json is not None:
            write_json({"total": total, "problems": problems}, json)
        if json != "-":
            for each, why in problems.items():
                out.print(f"{each}: {why}", markup=False, style="red")
            out.print(f"{total - len(problems)} of {total} can be evaluated.")
        return 2 if problems else 0

    leave(work, json=json)


@guidelines.command()
def why(
    recommendation: Annotated[str, typer.Argument(help="Id of a recommendation or name of a measure.")],
    patient: Annotated[str, typer.Argument(help="Patient id, with or without Patient/.")],
    as_of: Annotated[str | None, typer.Option(metavar="DATETIME", help="Clinical now.")] = None,
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Say what came out of one recommendation for one patient: the clauses that decided it, and what they looked at."""

    async def work(house: House) -> int:
        moment = instant(as_of) if as_of else WallClock().now()
        library = load(guideline_folders(house.settings))
        outcome = await asked(house, library, recommendation, patient_id(patient), moment)
        if json is not None:
            write_json(_as_json(outcome), json)
        if json != "-":
            _show(outcome)
        return 0

    enter(work, fhir=fhir, json=json)


async def asked(
    house: House, library: GuidelineLibrary, recommendation: str, patient: str, moment: datetime
) -> Outcome:
    """The outcome of one recommendation.

    Raises:
        Missing: there is no such recommendation.
        tools.fhir.errors.FhirError: the patient cannot be read.
    """
    scope, client = PatientScope(patient_id=patient), house.services.client
    resources = [await read_patient(client, scope)]
    for index, kind in enumerate(LOOKED_AT, start=1):
        found = await search_chart(client, scope, kind, coverage_id=f"c{index}")
        if found.coverage.error:
            raise Unusable(f"Could not read {kind}: {found.coverage.error}")
        resources += found.resources
    appraisal = appraise(Chart.build(resources, as_of=moment))
    outcomes = await evaluate(
        house.services.worker,
        library,
        list(appraisal.chart.resources.values()),
        as_of=moment,
        doubtful=appraisal.doubtful,
        ingredients={
            order.reference: tuple(sorted(course.drug.substances))
            for course in appraisal.courses
            for order in course.orders
        },
    )
    for outcome in outcomes:
        if outcome.recommendation.id == recommendation:
            return outcome
    raise Missing(f"There is no recommendation {recommendation}; see `preround guidelines list`")


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "recommendation": outcome.recommendation.id,
        "version": outcome.recommendation.version,
        "why": outcome.why,
        "detail": outcome.detail,
        "because": [asdict(each) for each in outcome.because],
        "clauses": [{**asdict(each), "looked_at": list(each.looked_at)} for each in outcome.clauses],
        "action": outcome.action,
    }


def _show(outcome: Outcome) -> None:
    found = outcome.recommendation
    out.print(f"{found.id} {found.version}: {outcome.why}. {outcome.detail}", markup=False)
    for each in outcome.because:
        out.print(f"  because {each.reference} {each.path} = {each.value}", markup=False)
    for clause in outcome.clauses:
        where = f" ← {', '.join(_few(clause.looked_at))}" if clause.looked_at else ""
        out.print(f"  {clause.library} · {clause.define}: {_word(clause.value)}{where}", markup=False)
    out.print(f"  {found.citation} {found.url}", markup=False)


def _few(references: Sequence[str]) -> list[str]:
    return [*references[:3], *([f"{len(references) - 3} more"] if len(references) > 3 else [])]


def _word(value: bool | str | None) -> str:
    if value is None:
        return "no answer"
    return str(value).lower() if isinstance(value, bool) else value
