"""Recall of summaries against the raw record: everything active is named, and the grader sees what is not."""

from __future__ import annotations

from itertools import islice

import pytest

from agents.offline.reasoner import OfflineReasoner
from agents.reasoner import Material
from claims.claim import Draft, Task
from evals.charts import charts
from evals.raw_chart import raw_chart
from evals.summary import items, run
from tests.conftest import DATA
from tests.depth import depth

CHARTS = depth("SUMMARY_CHARTS", here=6, ci=16)


class Short(OfflineReasoner):
    """Summarises in its first section only."""

    async def draft(self, task: Task, material: Material) -> Draft:
        whole = await super().draft(task, material)
        return whole.model_copy(update={"sections": whole.sections[:1]})


async def test_everything_active_of_the_synthea_charts_is_named() -> None:
    if not (DATA / "synthea").is_dir():
        pytest.skip("the Synthea charts are not at synthea of PREROUND_TEST_DATA")
    found = await run(islice(charts(DATA / "synthea"), CHARTS), OfflineReasoner())
    assert [c for c in found["cases"] if not c["ok"]] == []
    assert found["total"] > 5 * CHARTS


async def test_everything_active_of_the_invented_charts_is_named() -> None:
    found = await run(charts(None), OfflineReasoner())
    assert found["score"] >= 0.98, [c for c in found["cases"] if not c["ok"]]


async def test_a_short_summary_names_less_by_itself_and_the_round_adds_the_rest() -> None:
    whole, short = await run(charts(None), OfflineReasoner()), await run(charts(None), Short())
    assert short["own"] < whole["own"] / 2
    assert short["score"] > short["own"]


def test_what_must_be_named_is_what_the_record_calls_active() -> None:
    raw = next(one for each in charts(None) if (one := raw_chart(each)) is not None and one.allergies)
    kinds = {item.kind for item in items(raw)}
    assert kinds <= {"problem", "allergy", "medicine"}
    assert all(item.references for item in items(raw))
