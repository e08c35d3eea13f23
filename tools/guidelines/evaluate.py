"""Guidelines over one chart: what is due, what is not and why, and what could not be checked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chart.reference import bare
from tools.guidelines.cut import at
from tools.guidelines.evidence import cite
from tools.guidelines.gaps import measured
from tools.guidelines.in_turn import in_turn
from tools.guidelines.library import GuidelineLibrary
from tools.guidelines.outcome import Clause, Outcome
from tools.guidelines.plans import planned
from tools.guidelines.proposal import propose
from tools.guidelines.recommendation import Recommendation
from tools.guidelines.rules import Rules
from tools.guidelines.tags import tagged
from tools.guidelines.worker import GuidelineWorker, WorkerError

Resource = Mapping[str, Any]
Needs = Mapping[str, Mapping[str, Any]]


async def evaluate(
    worker: GuidelineWorker,
    library: GuidelineLibrary,
    resources: Sequence[Resource],
    *,
    as_of: datetime,
    doubtful: frozenset[str],
    ingredients: Mapping[str, tuple[str, ...]] | None = None,
    unread: frozenset[str] = frozenset(),
) -> tuple[Outcome, ...]:
    """Evaluate every recommendation of the library for one patient.

    Args:
        worker: runs the CQL; it is started where it does not run.
        library: the recommendations and their logic.
        resources: raw R4 JSON of one patient, the Patient included; Medication resources too where requests refer to
            them.
        as_of: the moment asked about, aware; what the chart says later is left out.
        doubtful: references ("Observation/1") that the appraisal distrusts: they neither trigger nor satisfy anything.
        ingredients: ingredient names by reference; without an entry, the words of the drug's display.
        unread: types that nobody looked for, or that could not be read: others' measures and plans that ask for one of
            them could not be checked.

    Returns:
        One outcome for each recommendation, those in force first. A failure is an outcome: `could_not_check`.

    Raises:
        ValueError: the resources hold no Patient or more than one, or `as_of` is naive.
    """
    if as_of.tzinfo is None:
        raise ValueError("give as_of with its time zone")
    patients = [each for each in resources if each.get("resourceType") == "Patient"]
    if len(patients) != 1:
        raise ValueError("give the resources of one patient, with exactly one Patient among them")
    recommendations = library.in_force(as_of)
    try:
        needs = await worker.load(library)
    except WorkerError as problem:
        outcomes = [_unchecked(each, str(problem)) for each in recommendations]
    else:
        request = request_for(resources, needs, as_of=as_of, doubtful=doubtful, ingredients=ingredients)
        chart = {f"{each.get('resourceType')}/{each.get('id')}": each for each in resources}
        answers = await in_turn(
            recommendations,
            lambda some, part: worker.call(
                "evaluate", library, {**request, "libraries": [each.library for each in some]}, part
            ),
        )
        patient = f"Patient/{patients[0].get('id')}"
        outcomes = [
            _unchecked(each, answer) if isinstance(answer, str) else _outcome(each, answer, chart, patient)
            for each, answer in zip(recommendations, answers, strict=True)
        ]
    outcomes += await measured(worker, library, resources, as_of=as_of, doubtful=doubtful, unread=unread)
    outcomes += await planned(worker, library, resources, as_of=as_of, doubtful=doubtful, unread=unread)
    waiting = [_not_in_force(each, as_of) for each in library.out_of_force(as_of)]
    return tuple(_as_the_site_wants(each, library.rules, as_of) for each in (*outcomes, *waiting))


def request_for(
    resources: Sequence[Resource],
    needs: Mapping[str, Needs],
    *,
    as_of: datetime,
    doubtful: frozenset[str],
    ingredients: Mapping[str, tuple[str, ...]] | None,
) -> dict[str, Any]:
    """What the worker is handed of a patient: cut at `as_of`, tagged, and no more than some library may retrieve."""
    return {
        "now": as_of.isoformat(timespec="milliseconds"),
        "resources": list(_needed(tagged(list(at(resources, as_of)), ingredients or {}), needs)),
        "doubtful": sorted(set(map(bare, doubtful))),
    }


def _as_the_site_wants(outcome: Outcome, rules: Rules, as_of: datetime) -> Outcome:
    """What is due and silent, or snoozed, is counted with its reason and not shown."""
    recommendation = outcome.recommendation
    if outcome.why != "due":
        return outcome
    if rules.mode(recommendation.id, experimental=recommendation.experimental) == "silent":
        return replace(outcome, why="silent", action=None, detail=f"Due, and not shown: {outcome.detail}")
    until = rules.asleep(recommendation.id, as_of.date())
    if until:
        return replace(outcome, why="withheld", action=None, detail=f"Due, and snoozed until {until}: {outcome.detail}")
    return outcome


def _needed(resources: Iterable[Resource], needs: Mapping[str, Needs]) -> Iterator[Resource]:
    """The Patient, and what some library may retrieve; the rest never leaves this process."""
    wanted: dict[tuple[str, str], set[str] | None] = {}
    for library in needs.values():
        for kind, properties in library.items():
            for name, keys in properties.items():
                held = wanted.setdefault((kind, name), set())
                wanted[kind, name] = None if keys is None or held is None else held | set(keys)
    for resource in resources:
        kind = str(resource.get("resourceType"))
        asked = [(name, keys) for (wanted_kind, name), keys in wanted.items() if wanted_kind == kind]
        if kind == "Patient" or any(keys is None or keys & _keys(resource, name) for name, keys in asked):
            yield resource


def _keys(resource: Resource, name: str) -> set[str]:
    value = resource.get(name, resource.get(f"{name}CodeableConcept")) or ()
    concepts = value if isinstance(value, list) else [value]
    codings = (coding for each in concepts if isinstance(each, Mapping) for coding in each.get("coding", (each,)))
    return {f"{each.get('system', '')}|{each.get('code')}" for each in codings}


def _outcome(
    recommendation: Recommendation, answer: Mapping[str, Any], chart: Mapping[str, Resource], patient: str
) -> Outcome:
    trusted, whole, touched = answer["trusted"], answer["whole"], answer["touched"]
    clauses = tuple(
        Clause(library=each["library"], define=each["define"], value=each["value"], looked_at=tuple(each["looked_at"]))
        for each in trusted.get("clauses", ())
    )
    why = trusted["why"]
    if why == "could_not_check":
        reason = trusted.get("sentence") or f'the clause "{trusted["failed"]}" gave no answer'
        return _unchecked(recommendation, reason, clauses)
    if touched and (why != whole["why"] or (why == "due" and set(touched) & set(whole["evidence"]))):
        because = tuple(cite(chart[each]) for each in touched)
        detail = _doubt([chart[each] for each in touched])
        return Outcome(recommendation=recommendation, why="withheld", detail=detail, because=because, clauses=clauses)
    references = trusted["evidence"]
    if why == "excluded" and not references:
        references = [patient]
    return Outcome(
        recommendation=recommendation,
        why=why,
        detail=trusted.get("sentence") or "Does not apply to this patient.",
        because=tuple(cite(chart[each]) for each in references if each in chart),
        action=_action(recommendation, patient, references) if why == "due" else None,
        clauses=clauses,
    )


def _action(recommendation: Recommendation, patient: str, references: Sequence[str]) -> dict[str, Any]:
    reasons = [each for each in references if each.startswith("Condition/")]
    return propose(recommendation, patient=patient, reasons=reasons)


def _doubt(resources: Sequence[Resource]) -> str:
    """One sentence that names the doubtful: what each is, and its days."""
    days: dict[str, list[str]] = {}
    for each in resources:
        concept = each.get("code") or each.get("medicationCodeableConcept") or {}
        displays = [coding["display"] for coding in concept.get("coding", ()) if "display" in coding]
        name = str(next(iter(displays), concept.get("text", each.get("resourceType"))))
        days.setdefault(name, []).append(_day(each))
    named = "; ".join(f"{name} ({_span(sorted(filter(None, dates)))})" for name, dates in days.items())
    return f"What it would stand on is doubtful, verify first: {named}."


def _span(dates: Sequence[str]) -> str:
    """Few days by name; of many, how many and the last."""
    return ", ".join(dates) if len(dates) <= 3 else f"{len(dates)} results, the last of {dates[-1]}"


def _day(resource: Resource) -> str:
    dates = ("effectiveDateTime", "performedDateTime", "authoredOn", "onsetDateTime", "recordedDate", "issued")
    return next((str(resource[each])[:10] for each in dates if each in resource), "")


def _unchecked(recommendation: Recommendation, reason: str, clauses: tuple[Clause, ...] = ()) -> Outcome:
    detail = f"Could not be checked: {reason.rstrip('.')}."
    return Outcome(recommendation=recommendation, why="could_not_check", detail=detail, clauses=clauses)


def _not_in_force(recommendation: Recommendation, as_of: datetime) -> Outcome:
    if recommendation.start > as_of.date():
        detail = f"In force only from {recommendation.start.isoformat()}."
    else:
        detail = f"No longer in force since {recommendation.end}."
    return Outcome(recommendation=recommendation, why="not_in_force", detail=detail)
