"""`preround guidelines why`: what decided one recommendation for one patient, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from chart.appraisal import appraise
from chart.chart import Chart
from chart.sensitive import sensitive_classes
from preround.clock import WallClock
from preround.doing.rounds import patient_id
from preround.door import Fhir, Json, enter, out, write_json
from preround.failure import Missing, Unusable
from preround.shown.instant import instant
from preround.wiring import House, guideline_folders
from tools.fhir.read_patient import read_patient
from tools.fhir.scope import SEARCHABLE, PatientScope
from tools.fhir.search_chart import search_chart
from tools.guidelines.evaluate import evaluate
from tools.guidelines.library import GuidelineLibrary, load
from tools.guidelines.outcome import Outcome
from tools.guidelines.reasons import Reason, described, reasons

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
MOST_NAMED = 3
"""Resources that a line names; the others are counted."""
LINES = 60
"""Lines that are shown; `--json` has them all."""


def why(
    recommendation: Annotated[str, typer.Argument(help="Id of a recommendation, or name of a measure.")],
    patient: Annotated[str, typer.Argument(help="Patient id, with or without Patient/.")],
    as_of: Annotated[str | None, typer.Option(metavar="DATETIME", help="Clinical now.")] = None,
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Say what came out of one recommendation for one patient, due or not: the clauses that decided, and on what."""

    async def work(house: House) -> int:
        moment = instant(as_of) if as_of else WallClock().now()
        library = load(guideline_folders(house.settings))
        outcome, tree, resources = await asked(house, library, recommendation, patient_id(patient), moment)
        if json is not None:
            write_json(_as_json(outcome, tree), json)
        if json != "-":
            _show(outcome, tree, resources)
        return 0

    enter(work, fhir=fhir, json=json)


async def asked(
    house: House, library: GuidelineLibrary, recommendation: str, patient: str, moment: datetime
) -> tuple[Outcome, tuple[Reason, ...], Mapping[str, Mapping[str, Any]]]:
    """The outcome of one recommendation, its reasons, and the patient's resources by reference.

    Raises:
        Missing: there is no such recommendation.
        Unusable: something of the patient's chart cannot be read.
        tools.fhir.errors.FhirError: the patient cannot be read.
    """
    worker = house.services.worker
    scope, client = PatientScope(patient_id=patient), house.services.client
    resources = [await read_patient(client, scope)]
    further = (library.measures.retrieves() if library.measures else frozenset()) & SEARCHABLE
    for index, kind in enumerate([*LOOKED_AT, *sorted(further - set(LOOKED_AT))], start=1):
        found = await search_chart(client, scope, kind, coverage_id=f"c{index}")
        if found.coverage.error:
            raise Unusable(f"Could not read {kind}: {found.coverage.error}")
        resources += found.resources
    site = house.services.site_tables
    appraisal = appraise(Chart.build(resources, as_of=moment, sensitive=sensitive_classes(site)), site=site)
    chart = list(appraisal.chart.resources.values())
    ingredients = {
        order.reference: tuple(sorted(course.drug.substances))
        for course in appraisal.courses
        for order in course.orders
    }
    outcomes = await evaluate(
        worker, library, chart, as_of=moment, doubtful=appraisal.doubtful, ingredients=ingredients
    )
    outcome = next((each for each in outcomes if each.recommendation.id == recommendation), None)
    if outcome is None:
        raise Missing(f"There is no recommendation {recommendation}; see `preround guidelines list`")
    tree = await reasons(
        worker, library, recommendation, chart, as_of=moment, doubtful=appraisal.doubtful, ingredients=ingredients
    )
    return outcome, tree, {f"{each.get('resourceType')}/{each.get('id')}": each for each in chart}


def _as_json(outcome: Outcome, tree: Sequence[Reason]) -> dict[str, Any]:
    return {
        "recommendation": outcome.recommendation.id,
        "version": outcome.recommendation.version,
        "why": outcome.why,
        "detail": outcome.detail,
        "because": [asdict(each) for each in outcome.because],
        "reasons": [asdict(each) for each in tree],
        "clauses": [{**asdict(each), "looked_at": list(each.looked_at)} for each in outcome.clauses],
        "action": outcome.action,
    }


def _show(outcome: Outcome, tree: Sequence[Reason], resources: Mapping[str, Mapping[str, Any]]) -> None:
    found = outcome.recommendation
    out.print(f"{found.id} {found.version}: {outcome.why}. {outcome.detail}", markup=False)
    lines = [line for each in tree for line in _lines(each, resources, 1)]
    for line in lines[:LINES]:
        out.print(line, markup=False, soft_wrap=True)
    if len(lines) > LINES:
        out.print(f"  … {len(lines) - LINES} more lines; --json - gives all", markup=False)
    out.print(f"  {found.citation} {found.url}", markup=False)


def _lines(reason: Reason, resources: Mapping[str, Mapping[str, Any]], depth: int) -> list[str]:
    """One clause and, beneath it, what made it so; one that only passes another on is left out."""
    inner = [line for each in reason.because for line in _lines(each, resources, depth + 1)]
    named = [f"{described(resources[each])} ({each})" for each in reason.looked_at[:MOST_NAMED] if each in resources]
    more = len(reason.looked_at) - len(named)
    where = f" ← {'; '.join(named)}{f' and {more} more' if more and named else ''}" if named else ""
    if not reason.looked_at and reason.looked_for:
        where = f" (looked for {'; '.join(reason.looked_for)})"
    return [f"{'  ' * depth}{reason.words}: {_word(reason)}{where}", *inner]


def _word(reason: Reason) -> str:
    if reason.value is None:
        return "cannot be told"
    if isinstance(reason.value, bool):
        return "yes" if reason.value else "no"
    if reason.value == "0 found":
        return "none"
    return f"{len(reason.looked_at)} found" if reason.value in reason.looked_at else reason.value
