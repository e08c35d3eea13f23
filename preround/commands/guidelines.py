"""`preround guidelines`: which recommendations there are, others' brought along, tried out, and why one came out so."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

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
from tools.guidelines.adding import add as add_found
from tools.guidelines.compile import CqlNotTranslated
from tools.guidelines.evaluate import evaluate
from tools.guidelines.fetching import fetch
from tools.guidelines.gaps import recommendation_of
from tools.guidelines.library import BUILT_IN, GuidelineLibrary, load
from tools.guidelines.outcome import Outcome
from tools.guidelines.sources import Found, read, read_bytes
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
Place = Annotated[str, typer.Argument(metavar="PATH", help="A file, a folder or an https address.")]


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
    """One row for each version of a recommendation, and for each measure and each action of a plan."""
    others = library.measures
    plans = [each.plan for each in others.plans] + [plan for plan, _ in others.broken_plans] if others else []
    unmapped = {each.recommendation.id: each.unmapped for each in plans}
    measures = map(recommendation_of, others.measures) if others else ()
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
            "not_mapped": list(unmapped.get(each.id, ())),
        }
        for each in (*library.recommendations, *measures, *(each.recommendation for each in plans))
    ]


@guidelines.command()
def add(
    path: Place,
    name: Annotated[
        str | None, typer.Option("--name", help="What to keep them as; the name of PATH without it.")
    ] = None,
    json: Json = None,
) -> None:
    """Bring along PlanDefinition, Measure, Library and ValueSet resources, with ELM or CQL, in any layout.

    A folder, a file (JSON, NDJSON, .gz, .zip, a package.tgz) or an https address of a host in PREROUND_GUIDELINE_HOSTS.
    Says what was taken, what cannot be evaluated, and what of a plan is not carried over.
    """

    def work() -> int:
        settings = settings_with()
        found, called = _read(path, settings)
        target = settings.home / "guidelines" / _folder_name(name or called)
        try:
            added = add_found(found, target, node_modules=settings.node_modules)
        except CqlNotTranslated as error:
            raise Unusable(f"The CQL cannot be translated: {error}") from error
        library = load((BUILT_IN, target))
        problems = {**added.wrong, **asyncio.run(_problems(library, settings))}
        ours = {(each.id, each.version): each for each in load((BUILT_IN,)).recommendations}
        kept = [each for each in library.recommendations if ours.get((each.id, each.version)) != each]
        rows = listed(replace(library, recommendations=tuple(kept)))
        if not rows or set(problems) >= {each["id"] for each in rows}:
            shutil.rmtree(target, ignore_errors=True)
            said = "; ".join(f"{each}: {why}" for each, why in problems.items()) or "there is nothing to evaluate"
            raise Unusable(f"Nothing was added. {said}")
        unmapped = {each["id"]: each["not_mapped"] for each in rows if each["not_mapped"]}
        if json is not None:
            write_json({"name": target.name, "taken": added.taken, "problems": problems, "not_mapped": unmapped}, json)
        if json != "-":
            _show_added(target.name, added.taken, problems, unmapped)
        return 0

    leave(work, json=json)


def _read(path: str, settings: Settings) -> tuple[Found, str]:
    """What stands at a path or an address, and what to call it."""
    if "://" in path and not path.startswith("file://"):
        name, data = fetch(path, hosts=settings.guideline_hosts, clock=WallClock().monotonic)
        return read_bytes(name, data), name.partition(".")[0]
    source = Path(unquote(urlsplit(path).path)) if path.startswith("file://") else Path(path)
    if not source.exists():
        raise Unusable(f"There is nothing at {source.name}; give a file, a folder or an https address")
    return read(source), source.resolve().name.partition(".")[0]


def _folder_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "guidelines"


def _show_added(
    name: str, counts: Mapping[str, int], problems: Mapping[str, str], unmapped: Mapping[str, Sequence[str]]
) -> None:
    taken = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
    out.print(f"Added {name}: {taken}.", markup=False)
    for each, why in problems.items():
        out.print(f"{each} cannot be evaluated: {why}", markup=False, style="red")
    for each, what in unmapped.items():
        out.print(f"{each}: not carried over: {'; '.join(what)}", markup=False, style="yellow")


async def _problems(library: GuidelineLibrary, settings: Settings) -> dict[str, str]:
    """What cannot be evaluated, with the reason: what does not parse, and what lacks a library or a value set."""
    async with GuidelineWorker(node_modules=settings.node_modules, seconds=60, megabytes=1024) as worker:
        needs = await worker.load(library)
        found = {each.id: "its logic cannot be parsed" for each in library.recommendations if each.library not in needs}
        if library.measures:
            found |= (await worker.hold(library.measures))[1]
            found |= {plan.recommendation.id: why for plan, why in library.measures.broken_plans}
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
