"""Why a recommendation came out as it did: the clauses that decided, in words, and what they looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tools.guidelines.cut import at
from tools.guidelines.evaluate import request_for
from tools.guidelines.library import GuidelineLibrary
from tools.guidelines.worker import GuidelineWorker

Resource = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One clause that was asked."""

    words: str
    """What it asks."""
    value: bool | str | None
    """True or false, a number or date as text, how many were found; none where the chart could not decide it."""
    looked_at: tuple[str, ...]
    """References of the resources in its value."""
    looked_for: tuple[str, ...]
    """What it asked the chart for, e.g. `Observation: HbA1c`; empty where it asked other clauses only."""
    because: tuple["Reason", ...]
    """The clauses beneath it that made it so."""


async def reasons(
    worker: GuidelineWorker,
    library: GuidelineLibrary,
    name: str,
    resources: Sequence[Resource],
    *,
    as_of: datetime,
    doubtful: frozenset[str],
    ingredients: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[Reason, ...]:
    """The reasons for one recommendation, one plan's action or one measure, for one patient.

    Args:
        worker: runs the CQL.
        library: the recommendations and their logic.
        name: id of the recommendation or action, or name of the measure.
        resources: raw R4 JSON of one patient, the Patient included.
        as_of: the moment asked about, aware.
        doubtful: references that the appraisal distrusts; a recommendation of ours does not see them.
        ingredients: ingredient names by reference.

    Returns:
        Of a recommendation the clauses in the order in which they are asked, up to the one that decided; of a plan its
        conditions; of a measure its populations. None where it is not in force, or cannot be evaluated.

    Raises:
        tools.guidelines.worker.WorkerError: the worker gave no answer.
    """
    ours = [each for each in library.in_force(as_of) if each.id == name]
    if ours:
        needs = await worker.load(library)
        request = request_for(resources, needs, as_of=as_of, doubtful=doubtful, ingredients=ingredients)
        if ours[0].library not in needs:
            return ()
        return _read(await worker.call("explain", library, {**request, "library": ours[0].library}))
    return await _of_others(worker, library, name, resources, as_of)


async def _of_others(
    worker: GuidelineWorker, library: GuidelineLibrary, name: str, resources: Sequence[Resource], as_of: datetime
) -> tuple[Reason, ...]:
    held = library.measures
    if held is None:
        return ()
    types, broken = await worker.hold(held)
    request = {
        "now": as_of.isoformat(timespec="milliseconds"),
        "start": datetime(as_of.year, 1, 1, tzinfo=UTC).isoformat(timespec="milliseconds"),
        "end": datetime(as_of.year, 12, 31, 23, 59, 59, 999000, tzinfo=UTC).isoformat(timespec="milliseconds"),
        "resources": [each for each in at(resources, as_of) if each.get("resourceType") in types | {"Patient"}],
        "trust": False,
    }
    for number, asking in enumerate(held.plans):
        if asking.plan.recommendation.id == name and name not in broken:
            return _read(await worker.published("explain_plan", held, {**request, "plan": number}))
    for measure in held.measures:
        if measure.id == name and name not in broken:
            return _read(await worker.published("explain_measure", held, {**request, "measure": measure.url}))
    return ()


def _read(answer: Mapping[str, Any]) -> tuple[Reason, ...]:
    return tuple(_reason(each) for each in answer["reasons"])


def _reason(row: Mapping[str, Any]) -> Reason:
    return Reason(
        words=row["words"],
        value=row["value"],
        looked_at=tuple(row["looked_at"]),
        looked_for=tuple(row.get("looked_for", ())),
        because=tuple(_reason(each) for each in row.get("because", ())),
    )


def described(resource: Resource) -> str:
    """A resource as a clinician names it: what, value, day."""
    concept = resource.get("code") or resource.get("medicationCodeableConcept") or resource.get("vaccineCode")
    concept = concept or next(iter(resource.get("type") or ()), {}) if not isinstance(resource.get("type"), str) else {}
    texts = [str(each["display"]) for each in concept.get("coding", ()) if each.get("display")]
    codes = [str(each["code"]) for each in concept.get("coding", ()) if each.get("code")]
    what = str(
        concept.get("text") or next(iter(texts), None) or next(iter(codes), None) or resource.get("resourceType")
    )
    quantity = resource.get("valueQuantity") or {}
    value = f" {quantity.get('value')} {quantity.get('unit', '')}".rstrip() if "value" in quantity else ""
    day = _day(resource)
    return f"{what}{value}{f' of {day}' if day else ''}"


def _day(resource: Resource) -> str:
    names = ("effectiveDateTime", "performedDateTime", "authoredOn", "occurrenceDateTime", "onsetDateTime", "birthDate")
    found = next((str(resource[each]) for each in names if each in resource), "")
    period = resource.get("performedPeriod") or resource.get("period") or resource.get("effectivePeriod") or {}
    return (found or str(period.get("start", "")))[:10]
