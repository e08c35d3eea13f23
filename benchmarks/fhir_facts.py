"""A chart to facts, beside validating it with the models of `fhir.resources`.

They are compared twice. Parsed: both are given the same JSON objects, parsed just before, as a reader has them; ours
makes a `Chart` of them (facts with cells, in order and numbered, and what was left out), theirs validates each by the
R4B model of its type. From bytes: both are given the answer of a server as it came, ours parses and makes the chart,
theirs is `Bundle.model_validate_json`, nested resources and all. Neither side appraises, hashes or writes anything.
Each side keeps what it made, as who reads or validates a chart to use it does; throwing it away is not counted.

Ours remembers what content it has met: reading a chart again, as rounds do, costs less than the first time. What the
first reading costs is a figure of its own.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.bundle import Bundle
from fhir_core.fhirabstractmodel import FHIRAbstractModel

from benchmarks.charts import Sample
from chart.chart import Chart
from tools.fhir import wire

AS_OF = datetime(2021, 8, 1, tzinfo=UTC)
T = TypeVar("T")
Resources = list[dict[str, Any]]


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
    first_factor: float
    """The same where each chart is read for the first time, by a process that begins with nothing remembered."""
    bytes_facts_seconds: float
    """CPU of the same from bytes, JSON parsing with decimals as written included."""
    bytes_validate_seconds: float
    """CPU of `Bundle.model_validate_json` on the same bytes."""
    bytes_factor: float
    """The second over the first."""


def facts_of(charts: list[Sample]) -> Facts:
    """Read and validate the same resources, in turn, the fastest of five counting."""
    answers = [_answer(one) for one in charts]
    parsed = [_cpu(one, _resources, _read, _validate) for one in answers]
    from_bytes = [_cpu(one, bytes, _read_answer, Bundle.model_validate_json) for one in answers]
    largest = max(range(len(charts)), key=lambda n: len(charts[n].resources))
    reading, validating = (sum(turn.least for turn in side) for side in zip(*parsed, strict=True))
    bytes_reading, bytes_validating = (sum(turn.least for turn in side) for side in zip(*from_bytes, strict=True))
    return Facts(
        resources=sum(len(one.resources) for one in charts),
        facts_seconds=reading,
        validate_seconds=validating,
        factor=validating / reading,
        largest_factor=parsed[largest][1].least / parsed[largest][0].least,
        first_factor=validating / sum(read.first for read, _ in parsed),
        bytes_facts_seconds=bytes_reading,
        bytes_validate_seconds=bytes_validating,
        bytes_factor=bytes_validating / bytes_reading,
    )


def _resources(answer: bytes) -> Resources:
    """The resources of a server's answer, as the reader parses them."""
    return [entry["resource"] for entry in wire.parse(answer)["entry"]]


def _read(resources: Resources) -> Chart:
    return Chart.build(resources, as_of=AS_OF)


def _validate(resources: Resources) -> list[FHIRAbstractModel]:
    return [get_fhir_model_class(each["resourceType"]).model_validate(each) for each in resources]


def _read_answer(answer: bytes) -> Chart:
    return _read(_resources(answer))


def _answer(one: Sample) -> bytes:
    entries = [{"resource": resource} for resource in one.resources]
    return wire.dump({"resourceType": "Bundle", "type": "searchset", "entry": entries})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Turns:
    """CPU seconds of one work, done several times."""

    first: float
    least: float


def _cpu(answer: bytes, given: Callable[[bytes], T], *works: Callable[[T], object], turns: int = 5) -> list[_Turns]:
    """CPU of each work; in turn, so that what else the machine does falls on all of them, and each on input of its own.

    Args:
        answer: a server's.
        given: makes the input of it, which is not counted.
        works: what is measured.
        turns: how often.
    """
    took: list[list[float]] = [[] for _ in works]
    for _ in range(turns):
        for seconds, work in zip(took, works, strict=True):
            made = given(answer)
            if not seconds:
                gc.collect()  # what was imported is not the first reading's to look through
            began = time.process_time()
            kept = work(made)
            seconds.append(time.process_time() - began)
            del made, kept
    return [_Turns(first=one[0], least=min(one)) for one in took]
