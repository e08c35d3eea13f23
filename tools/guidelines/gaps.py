"""A site's own measures as outcomes: a gap is due, in the words of the measure; what it asks for is a review."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from tools.guidelines.cut import at
from tools.guidelines.evidence import cite
from tools.guidelines.library import GuidelineLibrary
from tools.guidelines.measure import Measure
from tools.guidelines.measure_library import MeasureLibrary
from tools.guidelines.measures import Report, measure
from tools.guidelines.outcome import Outcome, Why
from tools.guidelines.plans import deceased
from tools.guidelines.proposal import propose
from tools.guidelines.recommendation import Recommendation
from tools.guidelines.worker import GuidelineWorker

Resource = Mapping[str, Any]

WORDS: Mapping[str, tuple[Why, str]] = {
    "gap": ("due", "In the denominator, and what the measure asks for is not met."),
    "could_not_say": ("could_not_check", "Could not be checked: which way is better is not known for this measure."),
    "no_gap": ("done", "In the denominator, and what the measure asks for is met."),
    "excluded": ("excluded", "Excluded by the measure."),
    "excepted": ("excluded", "Excepted by the measure."),
    "not_in_denominator": ("not_applicable", "Not in the denominator."),
    "no_rate": ("not_applicable", "Counts or observes, and asks for nothing of one patient."),
}
"""By standing what came out, in words; of several rates the first of this order counts."""


async def measured(
    worker: GuidelineWorker,
    library: GuidelineLibrary,
    resources: Sequence[Resource],
    *,
    as_of: datetime,
    doubtful: frozenset[str] = frozenset(),
    unread: frozenset[str] = frozenset(),
) -> list[Outcome]:
    """One outcome for each measure of the library, over the calendar year of `as_of`.

    What is `doubtful` neither makes nor closes a gap: an answer that hangs on it is withheld. Nothing is asked of those
    who have died. A measure that asks for a type that was not read could not be checked.
    """
    if library.measures is None:
        return []
    known = {each.id: each for each in library.measures.measures if each.id not in library.rules.off}
    outcomes = [_not_in_force(each, as_of) for each in known.values() if not _in_force(each, as_of)]
    counting = [each for each in known.values() if _in_force(each, as_of)]
    blind = {each.id: sorted(library.measures.retrieves(each.elm) & unread) for each in counting}
    outcomes += [_unread(each, blind[each.id]) for each in counting if blind[each.id]]
    asked = [each.id for each in counting if not blind[each.id]]
    reports = await _over_the_year(worker, library.measures, resources, as_of, asked)
    trusted = reports
    if doubtful:
        rest = [each for each in resources if f"{each.get('resourceType')}/{each.get('id')}" not in doubtful]
        trusted = await _over_the_year(worker, library.measures, rest, as_of, asked)
    chart = {f"{each.get('resourceType')}/{each.get('id')}": each for each in resources}
    outcomes += [_broken(name, why) for name, why in library.measures.broken.items() if name not in library.rules.off]
    patient = next(each for each in at(resources, as_of) if each.get("resourceType") == "Patient")
    if deceased(patient):
        return outcomes + [_died(known[name], patient) for name in asked]
    return outcomes + [
        _withheld(known[one.measure]) if _hangs(one, other) else _outcome(known[one.measure], one, chart)
        for one, other in zip(reports, trusted, strict=True)
        if one.measure in known
    ]


async def _over_the_year(
    worker: GuidelineWorker,
    library: MeasureLibrary,
    resources: Sequence[Resource],
    as_of: datetime,
    names: Sequence[str],
) -> tuple[Report, ...]:
    return await measure(
        worker,
        library,
        resources,
        start=datetime(as_of.year, 1, 1, tzinfo=UTC),
        end=datetime(as_of.year, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
        as_of=as_of,
        names=names,
    )


def _hangs(one: Report, other: Report) -> bool:
    """Whether the answer is another one without what is doubtful."""
    return [rate.standing for rate in one.rates] != [rate.standing for rate in other.rates]


def _unread(found: Measure, types: Sequence[str]) -> Outcome:
    detail = f"Could not be checked: it asks for {', '.join(types)}, which was not read."
    return Outcome(recommendation=recommendation_of(found), why="could_not_check", detail=detail)


def _withheld(found: Measure) -> Outcome:
    detail = "What it would stand on is doubtful; verify that first."
    return Outcome(recommendation=recommendation_of(found), why="withheld", detail=detail)


def _died(found: Measure, patient: Resource) -> Outcome:
    detail = "The chart records that the patient has died."
    return Outcome(recommendation=recommendation_of(found), why="excluded", detail=detail, because=(cite(patient),))


def recommendation_of(found: Measure) -> Recommendation:
    """A measure in the shape of a recommendation."""
    activity = {"kind": "ServiceRequest", "code": {"text": f"Review: {found.title}"}, "priority": "routine"}
    return Recommendation(
        id=found.id,
        title=f"Review: {found.title}",
        version=found.version,
        start=found.start or date.min,
        end=found.end,
        strength="Quality measure",
        grade="not graded",
        citation=f"{found.publisher}. {found.title}, version {found.version}.".removeprefix(". "),
        url=found.url,
        publisher=found.publisher or "the site",
        topics=("measure",),
        priority="routine",
        experimental=False,
        canonical=found.url,
        library=found.library,
        activity=activity,
    )


def _outcome(found: Measure, report: Report, chart: Mapping[str, Resource]) -> Outcome:
    recommendation = recommendation_of(found)
    if report.failure:
        return Outcome(recommendation=recommendation, why="could_not_check", detail=report.failure)
    standings = {rate.standing for rate in report.rates}
    why, detail = WORDS[next(each for each in WORDS if each in standings)]
    patient = next(each for each in chart if each.startswith("Patient/"))
    references = [each for rate in report.rates for each in rate.gaps if each in chart] or [patient]
    return Outcome(
        recommendation=recommendation,
        why=why,
        detail=detail,
        because=tuple(cite(chart[each]) for each in references) if why == "due" else (),
        action=propose(recommendation, patient=patient, reasons=()) if why == "due" else None,
    )


def _broken(name: str, why: str) -> Outcome:
    """A measure of which not even the frame could be read."""
    frame = Measure(
        id=name,
        url=f"urn:preround:measure:{name}",
        version="",
        title=name,
        publisher="",
        start=None,
        end=None,
        library="",
        elm=(),
        groups=(),
    )
    detail = f"Could not be checked: {why.rstrip('.')}."
    return Outcome(recommendation=recommendation_of(frame), why="could_not_check", detail=detail)


def _in_force(found: Measure, as_of: datetime) -> bool:
    day = as_of.date()
    return (found.start is None or found.start <= day) and (found.end is None or day <= found.end)


def _not_in_force(found: Measure, as_of: datetime) -> Outcome:
    detail = f"In force from {found.start or 'ever'} to {found.end or 'now'}, not on {as_of.date()}."
    return Outcome(recommendation=recommendation_of(found), why="not_in_force", detail=detail)
