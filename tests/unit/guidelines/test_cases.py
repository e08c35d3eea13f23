"""Each recommendation against its own patients, as a clinician wrote them down in cases/*.yaml."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.guidelines.charts import chart, doubtful
from tools.guidelines.evaluate import evaluate
from tools.guidelines.library import load
from tools.guidelines.rules import Rules
from tools.guidelines.worker import GuidelineWorker

pytestmark = pytest.mark.asyncio(loop_scope="module")

AS_PUBLISHED = load()
LIBRARY = replace(
    AS_PUBLISHED,
    rules=Rules(shown=frozenset(each.id for each in AS_PUBLISHED.recommendations if each.experimental)),
)
"""With the experimental ones shown: a case says what the logic gives, not what a site shows."""
AS_OF = datetime(2021, 8, 1, 9, tzinfo=UTC)


def cases() -> Iterator[Any]:
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml")):
        read = yaml.safe_load(path.read_text())
        for case in read["cases"]:
            yield pytest.param(
                {"patient": read["patient"], "of": read["recommendation"], **case}, id=f"{path.stem}: {case['name']}"
            )


@pytest.mark.parametrize("case", list(cases()))
async def test_case(case: Mapping[str, Any], worker: GuidelineWorker) -> None:
    resources = chart(case["patient"], case["chart"])
    outcomes = await evaluate(
        worker, LIBRARY, resources, as_of=case.get("as_of", AS_OF), doubtful=doubtful(case["chart"])
    )
    (outcome,) = [each for each in outcomes if each.recommendation.id == case["of"]]
    assert outcome.why == case["expect"], outcome.detail
    assert case.get("detail", "") in outcome.detail
    assert outcome.recommendation.version == case.get("version", outcome.recommendation.version)
    assert (outcome.action is not None) == (outcome.why == "due")
    if "because" in case:
        assert [each.reference for each in outcome.because] == case["because"]


async def test_every_recommendation_has_a_case_for_each_thing_that_can_come_of_it() -> None:
    expected: dict[str, set[str]] = {}
    for case in (each.values[0] for each in cases()):
        expected.setdefault(case["of"], set()).add(case["expect"])
    wanted = {"due", "done", "excluded", "declined", "not_in_force", "withheld", "not_applicable"}
    missing = {each.id: wanted - expected.get(each.id, set()) for each in LIBRARY.recommendations}
    assert not any(missing.values()), missing
