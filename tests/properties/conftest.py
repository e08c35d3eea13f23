"""The charts that are mutated: our stories always, the sample charts where the data is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.chart_page import Sample, charts, stories

DATA = Path(os.environ.get("PREROUND_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture(scope="session", params=["stories", "sample charts"])
def samples(request: pytest.FixtureRequest) -> tuple[Sample, ...]:
    """All charts of one origin."""
    if request.param == "stories":
        return tuple(stories())
    found = tuple(charts(DATA))
    if not found:
        pytest.skip("the sample charts are not there (PREROUND_TEST_DATA)")
    return found
