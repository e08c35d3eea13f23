"""The sample charts and the stories as plain resources, for tests that need many real ones."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks.charts import converted, unbundled, us_core
from fhir_fixtures import PATIENTS
from fhir_fixtures.bundles import bundles
from fhir_fixtures.loading import load_story

DATA = Path(os.environ.get("PREROUND_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
AS_OF = datetime(2021, 8, 1, tzinfo=UTC)
Resources = list[dict[str, Any]]


def read(text: str | bytes) -> Any:
    """JSON with decimals as written."""
    return json.loads(text, parse_float=Decimal)


def needs(name: str) -> Path:
    """A folder or file of the sample data; skips the test where it is absent."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"test data `{name}` is not here (PREROUND_TEST_DATA)")
    return path


@lru_cache(maxsize=1)
def stories() -> dict[str, tuple[Resources, datetime]]:
    """Each story's resources and clinical now."""
    return {
        name: ([e["resource"] for e in read(body)["entry"]], load_story(PATIENTS / f"{name}.yaml").now)
        for name, body in bundles()
    }


@lru_cache(maxsize=1)
def synthea() -> dict[str, Resources]:
    """The resources of each sample chart, by patient."""
    files = [p for p in sorted(needs("synthea").glob("*.json.gz")) if not p.name.startswith("0-")]
    return {
        p.name.removesuffix(".json.gz"): [e["resource"] for e in read(gzip.decompress(p.read_bytes()))["entry"]]
        for p in files
    }


@lru_cache(maxsize=1)
def messy() -> tuple[dict[str, Any], ...]:
    """Resources of other makers: US Core examples, converted C-CDA documents, a benchmark's chart."""
    return tuple(r for r in _others() if isinstance(r.get("resourceType"), str))


def _others() -> Iterator[dict[str, Any]]:
    yield from us_core(needs("messy/us-core-examples.tar.gz"))
    yield from converted(needs("messy/ccda"))
    yield from _medagentbench()


def _medagentbench() -> Iterator[dict[str, Any]]:
    for line in gzip.decompress(needs("medagentbench/patients.ndjson.gz").read_bytes()).splitlines():
        yield from unbundled(read(line))
