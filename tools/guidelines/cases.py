"""Cases of recommendations: patients with what is expected to come out, in files that a clinician can read and write.

recommendation: diabetes-hba1c
as_of: 2021-08-01T09:00:00Z            # of all cases that say nothing else
patient: {born: 1961-03-01, sex: male}
cases:
  - name: six months and a day
    chart: [{Condition: snomed 44054006, date: 2018-01-01}, {Observation: loinc 4548-4, date: 2021-01-31, value: 7.0 %}]
    expect: due                         # or done, excluded, declined, not_applicable, could_not_check, …
    detail: 'HbA1c'                     # words that the outcome holds
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import yaml

from tools.guidelines.case_chart import chart, doubtful
from tools.guidelines.outcome import Outcome, Why
from tools.guidelines.unusable import GuidelineUnusable

AS_OF = datetime(2021, 8, 1, 9, tzinfo=UTC)
"""When patients are seen where neither the file nor the case says."""
KNOWN = frozenset({"name", "chart", "expect", "patient", "detail", "as_of", "version", "because"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One patient of one recommendation."""

    name: str
    """What is tried, in words."""
    of: str
    """Id of the recommendation."""
    resources: Sequence[Mapping[str, Any]]
    """The patient's chart."""
    doubtful: frozenset[str]
    """References that the appraisal would distrust."""
    as_of: datetime
    """When the patient is seen."""
    expect: Why
    """What is to come out."""
    detail: str
    """Words that the outcome's sentence holds; empty where any will do."""
    version: str
    """The version that is to answer; empty where any may."""
    because: tuple[str, ...] | None
    """References that the outcome cites, in their order; none where they are not compared."""


def cases_in(folders: Iterable[Path]) -> list[Case]:
    """The cases of the YAML files in some folders.

    Raises:
        GuidelineUnusable: a file is not laid out so; the sentence names it, and the case.
    """
    paths = [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.y*ml"))]
    return [case for path in paths for case in read_cases(path)]


def read_cases(path: Path) -> list[Case]:
    """The cases of one file; raises as `cases_in` does."""
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [_case(each, read, path) for each in read["cases"]]
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise GuidelineUnusable(f"{path.name} is not YAML: {problem}") from problem
    except (KeyError, TypeError, AttributeError) as problem:
        raise GuidelineUnusable(f"{path.name} lacks {problem}; see the head of tools/guidelines/cases.py") from problem


def _case(case: Mapping[str, Any], read: Mapping[str, Any], path: Path) -> Case:
    name = str(case.get("name", "a case without a name"))
    unknown = sorted(set(case) - KNOWN)
    if unknown or case.get("expect") not in get_args(Why):
        wrong = f"it does not know {', '.join(unknown)}" if unknown else f"expect is one of {', '.join(get_args(Why))}"
        raise GuidelineUnusable(f'correct "{name}" in {path.name}: {wrong}')
    entries = case["chart"] or []
    try:
        resources = chart(case.get("patient", read.get("patient", {})), entries)
    except ValueError as problem:
        raise GuidelineUnusable(f'correct "{name}" in {path.name}: {problem}') from problem
    return Case(
        name=name,
        of=str(read["recommendation"]),
        resources=resources,
        doubtful=doubtful(entries),
        as_of=_moment(case.get("as_of", read.get("as_of", AS_OF))),
        expect=case["expect"],
        detail=str(case.get("detail", "")),
        version=str(case.get("version", "")),
        because=tuple(case["because"]) if "because" in case else None,
    )


def _moment(given: datetime | date | str) -> datetime:
    if isinstance(given, str):
        given = datetime.fromisoformat(given)
    moment = given if isinstance(given, datetime) else datetime(given.year, given.month, given.day, tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def differs(case: Case, outcomes: Iterable[Outcome]) -> str | None:
    """What came out otherwise than the case expects, in words; none where it is as expected."""
    found = next((each for each in outcomes if each.recommendation.id == case.of), None)
    if found is None:
        return f"there is no recommendation {case.of}"
    if found.why != case.expect:
        return f"expected {case.expect}, came out {found.why}: {found.detail}"
    if case.detail not in found.detail:
        return f'expected "{case.detail}" in: {found.detail}'
    if case.version and found.recommendation.version != case.version:
        return f"expected version {case.version}, {found.recommendation.version} answered"
    if (found.action is not None) != (found.why == "due"):
        return "a proposal stands with what is due, and with nothing else"
    cited = tuple(each.reference for each in found.because)
    if case.because is not None and cited != case.because:
        return f"expected to be cited: {', '.join(case.because)}; cited: {', '.join(cited)}"
    return None
