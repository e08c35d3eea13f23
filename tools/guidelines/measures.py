"""Measures over one chart: in which populations the patient is, and whether there is a gap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from tools.guidelines.cut import at
from tools.guidelines.in_turn import in_turn
from tools.guidelines.measure import Group, Measure
from tools.guidelines.measure_library import MeasureLibrary
from tools.guidelines.outcome import Clause
from tools.guidelines.worker import GuidelineWorker, WorkerError

Resource = Mapping[str, Any]
Standing = Literal["gap", "no_gap", "excluded", "excepted", "not_in_denominator", "could_not_say", "no_rate"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """One group of a measure for one patient."""

    counts: Mapping[str, int]
    """How many members each population has; 1 or 0 where the patient is counted."""
    standing: Standing
    """What it comes to; `could_not_say` where it is not known which way is better, `no_rate` where the measure counts
    or observes (cohort, ratio, continuous variable) and asks for nothing of one patient."""
    gaps: tuple[str, ...]
    """References of the resources with a gap; empty where the patient is counted."""
    observations: tuple[float | str, ...] = ()
    """What was observed, member by member."""
    strata: Mapping[str, bool | None] = field(default_factory=dict)
    """By stratum, whether the patient, or anything counted of them, falls in it; none where that cannot be said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One measure for one patient."""

    measure: str
    """Name of the measure."""
    rates: tuple[Rate, ...]
    """One for each group, in its order; none where the measure could not be checked."""
    failure: str | None
    """Why it could not be checked, in words."""
    clauses: tuple[Clause, ...] = ()
    """The clauses that were evaluated, where they were asked for."""


async def measure(
    worker: GuidelineWorker,
    library: MeasureLibrary,
    resources: Sequence[Resource],
    *,
    start: datetime,
    end: datetime,
    as_of: datetime,
    names: Sequence[str] | None = None,
    explain: bool = False,
    trust_profiles: bool = False,
) -> tuple[Report, ...]:
    """Evaluate measures for one patient.

    Args:
        worker: runs the CQL.
        library: the measures.
        resources: raw R4 JSON of one patient, the Patient included.
        start: first moment of the measurement period, aware.
        end: last moment of the measurement period, aware.
        as_of: the moment asked about; what the chart says later is left out.
        names: which measures; all of the library without it.
        explain: whether to give the clauses too.
        trust_profiles: whether a resource that was refused or not done, and names the profile of what was done, counts
            as done. Only published test cases want that; a chart never does.

    Returns:
        One report for each measure. A failure is a report of that measure: the others are evaluated.

    Raises:
        ValueError: the resources do not hold exactly one Patient, or a moment is naive.
    """
    if any(each.tzinfo is None for each in (start, end, as_of)):
        raise ValueError("give start, end and as_of with their time zones")
    if sum(each.get("resourceType") == "Patient" for each in resources) != 1:
        raise ValueError("give the resources of one patient, with exactly one Patient among them")
    asked = [each for each in library.measures if names is None or each.id in names]
    missing = {name: why for name, why in library.broken.items() if names is None or name in names}
    try:
        types, broken = await worker.hold(library)
    except WorkerError as problem:
        return tuple(_failed(each.id, str(problem)) for each in asked)
    request = {
        "now": _moment(as_of),
        "start": _moment(start),
        "end": _moment(end),
        "resources": [each for each in at(resources, as_of) if each["resourceType"] in types | {"Patient"}],
        "explain": explain,
        "trust": trust_profiles,
    }
    sound = [each for each in asked if each.id not in broken]
    reports = {each.id: _failed(each.id, broken[each.id]) for each in asked if each.id in broken}
    reports |= {name: _failed(name, why) for name, why in missing.items()}
    answers = await in_turn(
        sound,
        lambda some, part: worker.published(
            "measure", library, {**request, "measures": [each.url for each in some]}, part
        ),
    )
    for each, answer in zip(sound, answers, strict=True):
        reports[each.id] = _failed(each.id, answer) if isinstance(answer, str) else _report(each, answer)
    return tuple(reports[name] for name in sorted(reports))


def _report(measure: Measure, result: Mapping[str, Any]) -> Report:
    if "failed" in result:
        value_set = result.get("valueSet")
        reason = f"the value set {value_set} is not there" if value_set else f'"{result["failed"]}" gave no answer'
        return _failed(measure.id, reason)
    rates = tuple(_rate(group, found) for group, found in zip(measure.groups, result["groups"], strict=True))
    clauses = tuple(
        Clause(library=each["library"], define=each["define"], value=each["value"], looked_at=tuple(each["looked_at"]))
        for each in result["clauses"]
    )
    return Report(measure=measure.id, rates=rates, failure=None, clauses=clauses)


def _rate(group: Group, found: Mapping[str, Any]) -> Rate:
    counts = found["counts"]
    gaps = {"increase": found["unmet"], "decrease": found["met"], "unclear": []}[group.direction]
    standing = _standing(group, counts, found, gaps)
    references = tuple(each for each in gaps if each != "patient")
    return Rate(
        counts=counts,
        standing=standing,
        gaps=references if standing == "gap" else (),
        observations=tuple(each for one in found["observed"] for each in one),
        strata=dict(found["strata"]),
    )


def _standing(group: Group, counts: Mapping[str, int], found: Mapping[str, Any], gaps: Sequence[str]) -> Standing:
    if group.scoring != "proportion":
        return "no_rate"
    if not counts.get("denominator"):
        return "not_in_denominator"
    if gaps:
        return "gap"
    if not found["met"] and not found["unmet"]:
        return "excluded" if counts.get("denominator-exclusion") else "excepted"
    return "could_not_say" if group.direction == "unclear" else "no_gap"


def _failed(name: str, reason: str) -> Report:
    return Report(measure=name, rates=(), failure=f"Could not be checked: {reason.rstrip('.')}.")


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
