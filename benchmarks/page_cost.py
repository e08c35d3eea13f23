"""What a page costs: CPU of appraising a chart and laying it out, and how that grows with the chart."""

from __future__ import annotations

import gc
import resource
import statistics
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from benchmarks.chart_page import Resource, Sample, material_of, show
from chart.moment import parse_moment

TIMES = 10
RUNS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """CPU of appraisal and page; ratios are of one run."""

    name: str
    """The largest chart."""
    entries: int
    """Its resources."""
    seconds: float
    """Median CPU of appraising it and laying out its page, as read."""
    growth: float
    """Seconds at ten times the entries over seconds at one."""


def cost_of(sample: Sample) -> Cost:
    """CPU of a chart and of ten of it laid end to end, in turns so that both meet the same machine."""
    tenfold = replace(sample, resources=times(sample.resources, TIMES))

    def page(one: Sample) -> Callable[[], object]:
        return lambda: show(material_of(one.resources, one.as_of))

    page(sample)()
    once, many = [], []
    for _ in range(RUNS):
        once.append(cpu(page(sample)))
        many.append(cpu(page(tenfold)))
    return Cost(
        name=sample.name,
        entries=len(sample.resources),
        seconds=statistics.median(once),
        growth=min(many) / min(once),
    )


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process for some work."""
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def times(resources: Sequence[Resource], many: int) -> tuple[Resource, ...]:
    """The resources with copies of the dated ones, each copy a year and a day earlier and under its own id."""
    found = list(resources)
    for number in range(1, many):
        back = timedelta(days=366 * number)
        for one in resources:
            if one["resourceType"] != "Patient":
                found.append({**_earlier(dict(one), back), "id": f"{one['id']}-{number}"})
    return tuple(found)


def _earlier(value: Any, back: timedelta) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {k: _earlier(v, back) for k, v in value.items()}
    if isinstance(value, list):
        return [_earlier(v, back) for v in value]
    moment = parse_moment(value) if isinstance(value, str) and value[4:5] == "-" else None
    if moment is None or not isinstance(value, str):
        return deepcopy(value)
    day = (moment.date - back).isoformat()
    return day[: len(value)] if len(value) <= len(day) else day + value[10:]
