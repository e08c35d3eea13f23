"""Published measures on published cases: each expected count of each population, charts as published and stripped.

The folder holds `measures/` (bundles of a Measure and its Libraries), `valuesets/` (expanded ValueSets) and `cases/`
(by measure, a list of cases with the period, the expected counts and the patient's bundle).
"""

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import orjson

from tools.guidelines.measure_library import MeasureLibrary, read_measures
from tools.guidelines.measures import Report, measure
from tools.guidelines.worker import GuidelineWorker


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One patient of one measure with what is expected."""

    id: str
    """The case's own id."""
    measure: str
    """Name of the measure."""
    start: datetime
    """First moment of the measurement period."""
    end: datetime
    """Last moment of it; also the moment asked about."""
    expected: tuple[Mapping[str, int], ...]
    """Count of each population, by group."""
    resources: tuple[Mapping[str, Any], ...]
    """The patient's chart."""


def cases(data: Path) -> Iterator[Case]:
    """The cases of a folder.

    Raises:
        FileNotFoundError: there is no `cases` folder.
    """
    for path in sorted((data / "cases").iterdir()):
        if not path.name.endswith((".json", ".json.gz")):
            continue
        raw = path.read_bytes()
        for each in orjson.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw):
            yield Case(
                id=each["id"],
                measure=path.name.partition(".")[0],
                start=_moment(each["period"]["start"], time.min),
                end=_moment(each["period"]["end"], time(23, 59, 59, 999000)),
                expected=tuple(each["expected"]),
                resources=tuple(entry["resource"] for entry in each["bundle"]["entry"]),
            )


def library_of(data: Path) -> MeasureLibrary:
    """The measures of a folder with their value sets."""
    return read_measures([data / "measures", data / "valuesets"])


def stripped(case: Case) -> tuple[Mapping[str, Any], ...]:
    """The chart without profile tags, as real charts come."""
    return tuple(
        {**each, "meta": {key: value for key, value in each.get("meta", {}).items() if key != "profile"}}
        for each in case.resources
    )


def agrees(case: Case, report: Report) -> str | None:
    """What differs between report and expectation; none where nothing does."""
    if report.failure:
        return report.failure
    for index, (expected, rate) in enumerate(zip(case.expected, report.rates, strict=True), start=1):
        for population, count in expected.items():
            if rate.counts.get(population, 0) != count:
                return f"group {index}: {population} is {rate.counts.get(population, 0)}, expected {count}"
    return None


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
            detail = agrees(case, report)
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


def _moment(text: str, of_day: time) -> datetime:
    """A moment as written; a mere day is its first or last moment in UTC."""
    if "T" in text:
        read = datetime.fromisoformat(text)
        return read if read.tzinfo else read.replace(tzinfo=UTC)
    return datetime.combine(datetime.fromisoformat(text), of_day, tzinfo=UTC)
