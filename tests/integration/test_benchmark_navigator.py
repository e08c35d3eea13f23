"""What a round sends to a model, against the bounds that the mission sets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.navigator import measure

DATA = Path(os.environ.get("PREROUND_TEST_DATA", "../shared/data")) / "synthea"


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the Synthea charts are not at {DATA} (PREROUND_TEST_DATA)")
async def test_calls_tokens_and_what_is_in_the_prompt() -> None:
    rows = (await measure(DATA))["rows"]
    assert len(rows) == 48
    for row in rows:
        ours = row["ours"]
        assert row["in_prompt"] == 1.0, row
        if row["question"] == "summary":
            assert ours["calls"] <= 6, row
            assert ours["largest"] <= 16_000, row
        else:
            assert ours["calls"] <= 2, row
            assert ours["prompt_tokens"] <= 8_000, row
    summaries = [r for r in rows if r["question"] == "summary"]
    assert min(r["ratio"] for r in summaries) > 2, "beside the Navigator's own cost model"
