"""Others' plans over one chart: which of their actions apply, on what, and what they propose for this patient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tools.guidelines.cut import at
from tools.guidelines.evidence import cite
from tools.guidelines.filling import filled
from tools.guidelines.in_turn import in_turn
from tools.guidelines.library import GuidelineLibrary
from tools.guidelines.measure_library import Asking, MeasureLibrary
from tools.guidelines.outcome import Clause, Outcome
from tools.guidelines.plan import WORDS, Plan
from tools.guidelines.proposal import propose
from tools.guidelines.standing import standing
from tools.guidelines.worker import GuidelineWorker, WorkerError

Resource = Mapping[str, Any]
Answer = Mapping[str, Any]
MOST_CITED = 12
"""References of one outcome; what else its clauses looked at stands in the clauses."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Chart:
    """One patient at one moment."""

    resources: Sequence[Resource]
    as_of: datetime
    doubtful: frozenset[str]

    @property
    def patient(self) -> Resource:
        return next(each for each in self.resources if each.get("resourceType") == "Patient")

    def without_doubt(self) -> list[Resource]:
        return [each for each in self.resources if _reference(each) not in self.doubtful]


async def planned(
    worker: GuidelineWorker,
    library: GuidelineLibrary,
    resources: Sequence[Resource],
    *,
    as_of: datetime,
    doubtful: frozenset[str],
    unread: frozenset[str] = frozenset(),
) -> list[Outcome]:
    """One outcome for each action of each plan that others published.

    Args:
        worker: runs the CQL.
        library: the plans, and what the site wants of them.
        resources: raw R4 JSON of one patient, the Patient included.
        as_of: the moment asked about, aware.
        doubtful: references that the appraisal distrusts: where an answer hangs on them it is withheld.
        unread: types that were not read: an action that asks for one could not be checked.
    """
    held = library.measures
    if held is None or not (held.plans or held.broken_plans):
        return []
    chart = _Chart(resources=list(at(resources, as_of)), as_of=as_of, doubtful=doubtful)
    off = library.rules.off
    outcomes = [_unchecked(plan, why) for plan, why in held.broken_plans if plan.recommendation.id not in off]
    known = [each for each in held.plans if each.plan.recommendation.id not in off]
    asked = [each for each in known if each.plan.recommendation.in_force(as_of)]
    later = {each.plan.recommendation.id: each for each in known}
    counted = {each.plan.recommendation.id for each in asked}
    outcomes += [_not_in_force(each.plan, as_of) for name, each in later.items() if name not in counted]
    blind = {id(each): sorted(held.retrieves(each.elm) & unread) for each in asked}
    outcomes += [
        _unchecked(each.plan, f"it asks for {', '.join(blind[id(each)])}, which was not read")
        for each in asked
        if blind[id(each)]
    ]
    asked = [each for each in asked if not blind[id(each)]]
    latest = {
        each.plan.recommendation.id: each for each in sorted(asked, key=lambda each: each.plan.recommendation.start)
    }
    if deceased(chart.patient):
        return outcomes + [_died(each.plan, chart) for each in latest.values()]
    answers = await _answers(worker, held, chart.resources, chart, list(latest.values()))
    trusted = answers
    if doubtful:
        trusted = await _answers(worker, held, chart.without_doubt(), chart, list(latest.values()))
    return outcomes + [
        _outcome(each.plan, answer, believed, chart)
        for each, answer, believed in zip(latest.values(), answers, trusted, strict=True)
    ]


def deceased(patient: Resource) -> bool:
    """Whether the record says that the patient has died."""
    return bool(patient.get("deceasedBoolean") or patient.get("deceasedDateTime"))


async def _answers(
    worker: GuidelineWorker, held: MeasureLibrary, resources: Sequence[Resource], chart: _Chart, plans: Sequence[Asking]
) -> list[Answer]:
    year = chart.as_of.year
    numbers = {id(each): number for number, each in enumerate(held.plans)}
    try:
        types, broken = await worker.hold(held)
        request = {
            "now": _moment(chart.as_of),
            "start": _moment(datetime(year, 1, 1, tzinfo=UTC)),
            "end": _moment(datetime(year, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
            "resources": [each for each in resources if each.get("resourceType") in types | {"Patient"}],
            "trust": False,
        }
    except WorkerError as problem:
        return [{"failure": str(problem)}] * len(plans)
    sound = [each for each in plans if each.plan.recommendation.id not in broken]
    answers = await in_turn(
        sound,
        lambda some, part: worker.published(
            "plan", held, {**request, "plans": [numbers[id(each)] for each in some]}, part
        ),
    )
    found = {
        each.plan.recommendation.id: {"failure": answer} if isinstance(answer, str) else answer
        for each, answer in zip(sound, answers, strict=True)
    }
    return [
        found.get(each.plan.recommendation.id) or {"failure": broken[each.plan.recommendation.id]} for each in plans
    ]


def _outcome(plan: Plan, answer: Answer, trusted: Answer, chart: _Chart) -> Outcome:
    clauses = tuple(
        Clause(library=each["library"], define=each["define"], value=each["value"], looked_at=tuple(each["looked_at"]))
        for each in answer.get("clauses", ())
    )
    failed = next((why for why in (_failure(answer), _failure(trusted)) if why), None)
    if failed:
        return replace(_unchecked(plan, failed), clauses=clauses)
    recommendation = plan.recommendation
    by_reference = {_reference(each): each for each in chart.resources}
    if answer["applies"] != trusted["applies"]:
        looked = {one for each in clauses for one in each.looked_at} & chart.doubtful
        return Outcome(
            recommendation=recommendation,
            why="withheld",
            detail="What it would stand on is doubtful; verify that first.",
            because=tuple(cite(by_reference[each]) for each in sorted(looked) if each in by_reference),
            clauses=clauses,
        )
    if not answer["applies"]:
        detail = _unmet(plan, clauses)
        return Outcome(recommendation=recommendation, why="not_applicable", detail=detail, clauses=clauses)
    stands = standing(recommendation, chart.resources, chart.as_of)
    if stands:
        cited = (cite(by_reference[stands.reference]),)
        return Outcome(
            recommendation=recommendation, why=stands.why, detail=stands.words, because=cited, clauses=clauses
        )
    evidence = [each for each in trusted["evidence"] if each in by_reference][:MOST_CITED]
    evidence = evidence or [_reference(chart.patient)]
    paths = [each.path for each in plan.dynamic]
    values = [(path, value) for path, value in zip(paths, trusted["values"], strict=True) if value is not None]
    reasons = [each for each in evidence if each.startswith("Condition/")]
    action, left = filled(
        propose(recommendation, patient=_reference(chart.patient), reasons=reasons),
        [(path, value) for path, value in values if path not in WORDS],
    )
    detail = _words(plan, values, clauses)
    if left:
        return replace(
            _unchecked(plan, f"it wants to write {', '.join(left)}, which no proposal may hold"), clauses=clauses
        )
    titles = [str(value["value"]) for path, value in values if path.endswith("title")]
    return Outcome(
        recommendation=replace(recommendation, title=titles[-1]) if titles else recommendation,
        why="due",
        detail=detail,
        because=tuple(cite(by_reference[each]) for each in evidence),
        action=action,
        clauses=clauses,
    )


def _words(plan: Plan, values: Sequence[tuple[str, Answer]], clauses: Sequence[Clause]) -> str:
    """The words that the plan works out, else its own description, else what it holds true."""
    said = [str(value["value"]) for path, value in values if path.endswith("description")]
    if said:
        return said[-1]
    held = ", ".join(each.define for each in plan.conditions)
    words = plan.words or plan.recommendation.title
    return f"{words.rstrip('.')}. Applies: {held}." if held else words


def _unmet(plan: Plan, clauses: Sequence[Clause]) -> str:
    asked = {each.define for each in plan.conditions}
    unmet = dict.fromkeys(each.define for each in clauses if each.define in asked and each.value is False)
    return f"Does not apply: {', '.join(unmet)} is not so." if unmet else "Does not apply to this patient."


def _failure(answer: Answer) -> str | None:
    if "failure" in answer:
        return str(answer["failure"])
    if "failed" in answer:
        value_set = answer.get("valueSet")
        return f"the value set {value_set} is not there" if value_set else f'"{answer["failed"]}" gave no answer'
    return None


def _unchecked(plan: Plan, why: str) -> Outcome:
    detail = f"Could not be checked: {why.rstrip('.')}."
    return Outcome(recommendation=plan.recommendation, why="could_not_check", detail=detail)


def _died(plan: Plan, chart: _Chart) -> Outcome:
    detail = "The chart records that the patient has died."
    because = (cite(chart.patient),)
    return Outcome(recommendation=plan.recommendation, why="excluded", detail=detail, because=because)


def _not_in_force(plan: Plan, as_of: datetime) -> Outcome:
    found = plan.recommendation
    if found.start > as_of.date():
        detail = f"In force only from {found.start.isoformat()}."
    else:
        detail = f"No longer in force since {found.end}." if found.end and found.end.year > 1 else "Retired."
    return Outcome(recommendation=found, why="not_in_force", detail=detail)


def _reference(resource: Resource) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
