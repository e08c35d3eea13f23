"""What FHIR costs, against the bounds that the issue sets; smaller servers than the benchmark's, the same growth."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from benchmarks import fhir

DATA = Path(os.environ.get("PREROUND_TEST_DATA", "../shared/data")) / "synthea"
needs_synthea = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the Synthea charts are not at {DATA} (PREROUND_TEST_DATA)"
)


def test_a_search_costs_what_it_finds_however_much_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fhir, "TURNS", 7)
    rows = asyncio.run(fhir.grown(tmp_path, 1000, 5000))
    assert len(rows) == len(fhir.SEARCHES)
    for row in rows:
        assert row.growth < fhir.MAX_GROWTH, row


@needs_synthea
def test_loading_a_chart(tmp_path: Path) -> None:
    file = max(DATA.glob("*.json.gz"), key=lambda path: path.stat().st_size)
    loading, _ = asyncio.run(fhir.loaded(file, tmp_path))
    # Under coverage, beside another worker: half of what the benchmark asks for when it runs alone.
    assert loading.a_second >= fhir.MIN_LOADED / 2, loading
