"""Run the cases that lie beside guidelines: of recommendations and plans, and of measures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tools.guidelines.cases import Case, cases_in, differs
from tools.guidelines.evaluate import evaluate
from tools.guidelines.library import GuidelineLibrary
from tools.guidelines.measure_cases import MeasureCase, disagrees, measure_cases
from tools.guidelines.measures import measure
from tools.guidelines.rules import Rules
from tools.guidelines.worker import GuidelineWorker

CASES = "cases"
"""The folder within a guideline folder that holds them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """One case that was run."""

    of: str
    """Id of the recommendation, or name of the measure."""
    case: str
    """Name of the case."""
    detail: str | None
    """What came out otherwise, in words; none where it is as expected."""


def shown_whole(library: GuidelineLibrary) -> GuidelineLibrary:
    """The library without a site's wishes: a case says what the logic gives, not what a site shows."""
    plans = library.measures.plans if library.measures else ()
    every = [*library.recommendations, *(each.plan.recommendation for each in plans)]
    return replace(library, rules=Rules(shown=frozenset(each.id for each in every)))


def cases_beside(folders: Sequence[Path]) -> tuple[list[Case], list[MeasureCase]]:
    """The cases that lie in the `cases` folders of guideline folders.

    Raises:
        GuidelineUnusable: a file of cases is not laid out as such.
    """
    places = [folder / CASES for folder in folders if (folder / CASES).is_dir()]
    return cases_in(places), [case for place in places for case in measure_cases(place)]


async def tried(
    worker: GuidelineWorker,
    library: GuidelineLibrary,
    cases: Sequence[Case],
    of_measures: Sequence[MeasureCase],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Tried]:
    """Run cases, each for the recommendation that it is of.

    Args:
        worker: runs the CQL.
        library: the recommendations, plans and measures.
        cases: of recommendations and plans.
        of_measures: of measures.
        progress: told after each case how many of how many are done.
    """
    whole, total = shown_whole(library), len(cases) + len(of_measures)
    found: list[Tried] = []
    for case in cases:
        outcomes = await evaluate(worker, whole, case.resources, as_of=case.as_of, doubtful=case.doubtful)
        found.append(Tried(of=case.of, case=case.name, detail=differs(case, outcomes)))
        progress(len(found), total)
    for one in of_measures:
        found.append(Tried(of=one.measure, case=one.id, detail=await _measured(worker, library, one)))
        progress(len(found), total)
    return found


async def _measured(worker: GuidelineWorker, library: GuidelineLibrary, case: MeasureCase) -> str | None:
    if library.measures is None or case.measure not in {each.id for each in library.measures.measures}:
        why = library.measures.broken.get(case.measure) if library.measures else None
        return why or f"there is no measure {case.measure}"
    (report,) = await measure(
        worker,
        library.measures,
        case.resources,
        start=case.start,
        end=case.end,
        as_of=case.end,
        names=[case.measure],
        trust_profiles=True,
    )
    return disagrees(case, report)
