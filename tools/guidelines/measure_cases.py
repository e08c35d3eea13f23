"""Cases of measures: patients with the count that is expected of each population, as they are published."""

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import orjson

from tools.guidelines.measures import Report
from tools.guidelines.unusable import GuidelineUnusable


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasureCase:
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


def measure_cases(folder: Path) -> Iterator[MeasureCase]:
    """The cases of a folder: by measure a `NAME.json` or `NAME.json.gz` with a list of id, period, expected and bundle.

    Raises:
        FileNotFoundError: there is no such folder.
        GuidelineUnusable: a file is not laid out so.
    """
    for path in sorted(folder.iterdir()):
        if path.name.endswith((".json", ".json.gz")):
            try:
                yield from _cases(path)
            except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError, OSError) as problem:
                raise GuidelineUnusable(f"{path.name} holds no cases of a measure: {problem!r}") from problem


def _cases(path: Path) -> Iterator[MeasureCase]:
    raw = path.read_bytes()
    for each in orjson.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw):
        yield MeasureCase(
            id=each["id"],
            measure=path.name.partition(".")[0],
            start=_moment(each["period"]["start"], time.min),
            end=_moment(each["period"]["end"], time(23, 59, 59, 999000)),
            expected=tuple(each["expected"]),
            resources=tuple(entry["resource"] for entry in each["bundle"]["entry"]),
        )


def disagrees(case: MeasureCase, report: Report) -> str | None:
    """What differs between report and expectation; none where nothing does."""
    if report.failure:
        return report.failure
    if len(case.expected) != len(report.rates):
        return f"the case expects {len(case.expected)} groups, the measure has {len(report.rates)}"
    for index, (expected, rate) in enumerate(zip(case.expected, report.rates, strict=True), start=1):
        for population, count in expected.items():
            if rate.counts.get(population, 0) != count:
                return f"group {index}: {population} is {rate.counts.get(population, 0)}, expected {count}"
    return None


def _moment(text: str, of_day: time) -> datetime:
    """A moment as written; a mere day is its first or last moment in UTC."""
    if "T" in text:
        read = datetime.fromisoformat(text)
        return read if read.tzinfo else read.replace(tzinfo=UTC)
    return datetime.combine(datetime.fromisoformat(text), of_day, tzinfo=UTC)
