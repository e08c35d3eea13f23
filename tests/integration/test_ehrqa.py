"""Generated questions about charts: the offline reasoner answers them, and the grader sees what is wrong."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from agents.offline.reasoner import OfflineReasoner
from agents.reasoner import Material
from claims.claim import Draft, Task
from evals.charts import Resource, charts
from evals.ehrqa import run
from evals.questions import questions
from evals.raw_chart import raw_chart
from tests.conftest import DATA
from tests.depth import depth

MOST = depth("EHRQA", here=15, ci=60)
"""Questions a chart."""


def synthea() -> list[tuple[Resource, ...]]:
    if not (DATA / "synthea").is_dir():
        pytest.skip("the Synthea charts are not at synthea of PREROUND_TEST_DATA")
    return list(charts(DATA / "synthea"))


class Refusing(OfflineReasoner):
    """Answers nothing."""

    async def draft(self, task: Task, material: Material) -> Draft:
        return Draft(task="question", sections=(), refusal="The chart does not say.")


class Elsewhere(OfflineReasoner):
    """Answers each question as if another had been asked."""

    async def draft(self, task: Task, material: Material) -> Draft:
        brief = replace(material.brief, question="How many visits were there before 2016?")
        return await super().draft(task, replace(material, brief=brief))


async def test_the_synthea_charts_are_asked_and_answered() -> None:
    found = await run(synthea(), OfflineReasoner(), most=MOST)
    assert found["total"] >= 16 * MOST * 0.9
    assert found["score"] >= 0.98, [c for c in found["cases"] if not c["ok"]]


async def test_the_invented_charts_are_asked_and_answered() -> None:
    found = await run(list(charts(None)), OfflineReasoner(), most=MOST * 2)
    assert found["score"] >= 0.98, [c for c in found["cases"] if not c["ok"]]


async def test_refusing_is_right_only_where_the_record_has_no_answer() -> None:
    found = await run(list(islice(charts(None), 3)), Refusing(), most=40)
    assert 0 < found["score"] < 0.2


async def test_an_answer_to_another_question_is_wrong() -> None:
    found = await run(list(islice(charts(None), 3)), Elsewhere(), most=40)
    right = {c["id"].split("/")[1].rpartition("-")[0] for c in found["cases"] if c["ok"]}
    # Of what is absent any answer without a value is right; "no" to one thing can be "no" to another.
    assert right <= {
        "last",
        "last-year",
        "trend-open",
        "verbatim",
        "takes",
        "allergic",
        "has-now",
        "had-ever",
        "done-ever",
    }
    assert found["score"] < 0.3


def test_the_same_charts_give_the_same_questions_of_every_kind() -> None:
    raw = [one for each in synthea() if (one := raw_chart(each)) is not None]
    asked = [q for one in raw for q in questions(one, raw)]
    assert asked == [q for one in raw for q in questions(one, raw)]
    assert len(asked) >= 500
    assert {q.expect for q in asked} == {"number", "count", "day", "yes", "no", "names", "moved", "said", "absent"}
