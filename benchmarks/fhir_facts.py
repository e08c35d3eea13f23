"""A chart to facts, beside validating it with the models of `fhir.resources`.

They are compared twice. Parsed: both are given the same JSON objects, ours makes a `Chart` of them (facts with cells,
in order and numbered, and what was left out), theirs validates each by the R4B model of its type. From bytes: both are
given the answer of a server as it came, ours parses and makes the chart, theirs is `Bundle.model_validate_json`, nested
resources and all. Neither side appraises, hashes or writes anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.bundle import Bundle

from benchmarks.charts import Sample
from chart.chart import Chart
from tools.fhir import wire

AS_OF = datetime(2021, 8, 1, tzinfo=UTC)
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Reading charts into facts, beside validating them; each the sum over all charts."""

    resources: int
    """Resources of all charts."""
    facts_seconds: float
    """CPU of `Chart.build` on each chart."""
    validate_seconds: float
    """CPU of the R4B models on the same resources."""
    factor: float
    """The second over the first."""
    largest_factor: float
    """The same for the largest chart alone."""
    bytes_facts_seconds: float
    """CPU of the same from bytes, JSON parsing with decimals as written included."""
    bytes_validate_seconds: float
    """CPU of `Bundle.model_validate_json` on the same bytes."""
    bytes_factor: float
    """The second over the first."""


def facts_of(charts: list[Sample]) -> Facts:
    """Read and validate the same resources, in turn, the fastest of five counting."""

    def read(one: Sample) -> None:
        Chart.build(one.resources, as_of=AS_OF)

    def validate(one: Sample) -> None:
        for each in one.resources:
            get_fhir_model_class(each["resourceType"]).model_validate(each)

    def read_bytes(answer: bytes) -> None:
        Chart.build([entry["resource"] for entry in wire.parse(answer)["entry"]], as_of=AS_OF)

    pairs = [_cpu(one, read, validate) for one in charts]
    answers = [_answer(one) for one in charts]
    from_bytes = [_cpu(one, read_bytes, Bundle.model_validate_json) for one in answers]
    largest = max(range(len(charts)), key=lambda n: len(charts[n].resources))
    reading, validating = (sum(side) for side in zip(*pairs, strict=True))
    bytes_reading, bytes_validating = (sum(side) for side in zip(*from_bytes, strict=True))
    return Facts(
        resources=sum(len(one.resources) for one in charts),
        facts_seconds=reading,
        validate_seconds=validating,
        factor=validating / reading,
        largest_factor=pairs[largest][1] / pairs[largest][0],
        bytes_facts_seconds=bytes_reading,
        bytes_validate_seconds=bytes_validating,
        bytes_factor=bytes_validating / bytes_reading,
    )


def _answer(one: Sample) -> bytes:
    entries = [{"resource": resource} for resource in one.resources]
    return wire.dump({"resourceType": "Bundle", "type": "searchset", "entry": entries})


def _cpu(given: T, *works: Callable[[T], object], turns: int = 5) -> list[float]:
    """CPU seconds of each; in turn, so that what else the machine does falls on all of them."""
    least = [float("inf")] * len(works)
    for _ in range(turns):
        for which, work in enumerate(works):
            began = time.process_time()
            work(given)
            least[which] = min(least[which], time.process_time() - began)
    return least
