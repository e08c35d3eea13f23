"""Text that speaks to a program is told from ordinary words of a record, wherever it stands and whoever wrote it."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from chart.addressed import reads_like_instruction
from chart.chart import Chart
from chart.instructions import instructions
from evals.charts import bundle_resources

HERE = Path(__file__).parent
DATA = Path(os.environ.get("PREROUND_TEST_DATA", HERE.parents[3] / "shared" / "data"))
TEXTS: Mapping[str, list[str]] = yaml.safe_load((HERE / "addressed.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", TEXTS["program"])
def test_text_that_speaks_to_a_program_is_noticed(text: str) -> None:
    assert reads_like_instruction(text)
    assert reads_like_instruction(f"Seen in clinic, feels well. {text}\nReview in three months.")


@pytest.mark.parametrize("text", TEXTS["reader"])
def test_ordinary_words_are_not(text: str) -> None:
    assert not reads_like_instruction(text)


def sample_charts() -> Iterator[tuple[str, Chart]]:
    files = [*(DATA / "synthea").glob("*.json.gz"), *(DATA / "messy" / "ccda").iterdir()]
    for file in sorted(file for file in files if not file.name.startswith("0-")):
        raw = file.read_bytes()
        resources = bundle_resources((gzip.decompress(raw) if file.suffix == ".gz" else raw).decode("utf-8-sig"))
        if any(one["resourceType"] == "Patient" for one in resources):
            yield file.name, Chart.build(resources, as_of=datetime(2021, 8, 1, tzinfo=UTC))


@pytest.mark.skipif(not (DATA / "synthea").is_dir(), reason="test data `synthea` is not here (PREROUND_TEST_DATA)")
def test_no_sample_chart_is_accused() -> None:
    found = {name: instructions(chart) for name, chart in sample_charts()}
    assert len(found) > 30
    assert {name: one for name, one in found.items() if one} == {}
