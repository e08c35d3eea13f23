"""Published measures on published cases: each expected count of each population, charts as published and stripped.

The folder holds `measures/` (bundles of a Measure and its Libraries), `valuesets/` (expanded ValueSets) and `cases/`
(by measure, a list of cases with the period, the expected counts and the patient's bundle).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.guidelines.measure_cases import MeasureCase, disagrees, measure_cases
from tools.guidelines.measure_library import MeasureLibrary, read_measures
from tools.guidelines.measures import measure
from tools.guidelines.worker import GuidelineWorker


def cases(data: Path) -> Iterator[MeasureCase]:
    """The cases of a folder.

    Raises:
        FileNotFoundError: there is no `cases` folder.
    """
    return measure_cases(data / "cases")


def library_of(data: Path) -> MeasureLibrary:
    """The measures of a folder with their value sets."""
    return read_measures([data / "measures", data / "valuesets"])


def stripped(case: MeasureCase) -> tuple[Mapping[str, Any], ...]:
    """The chart without profile tags, as real charts come."""
    return tuple(
        {**each, "meta": {key: value for key, value in each.get("meta", {}).items() if key != "profile"}}
        for each in case.resources
    )


async def run(data: Path, *, node_modules: Path, without_profiles: bool = False) -> dict[str, Any]:
    """Evaluate every case.

    Args:
        data: the folder.
        node_modules: where `npm ci` put the CQL engine.
        without_profiles: whether profile tags are taken off first.

    Returns:
        `{"name", "passed", "total", "score", "cases": [{"id", "ok", "detail"}]}`.
    """
    library = library_of(data)
    rows: list[dict[str, Any]] = []
    async with GuidelineWorker(node_modules=node_modules, seconds=120, megabytes=1024) as worker:
        for case in cases(data):
            resources = stripped(case) if without_profiles else case.resources
            (report,) = await measure(
                worker,
                library,
                resources,
                start=case.start,
                end=case.end,
                as_of=case.end,
                names=[case.measure],
                trust_profiles=not without_profiles,
            )
            detail = disagrees(case, report)
            rows.append({"id": f"{case.measure}/{case.id}", "ok": detail is None, "detail": detail or ""})
    passed = sum(bool(row["ok"]) for row in rows)
    name = "ecqm without profiles" if without_profiles else "ecqm"
    return {
        "name": name,
        "passed": passed,
        "total": len(rows),
        "score": passed / len(rows) if rows else 0.0,
        "cases": rows,
    }
