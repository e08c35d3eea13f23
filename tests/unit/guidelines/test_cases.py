"""Each recommendation against its own patients, as a clinician wrote them down in the library's `cases`."""

from pathlib import Path

import pytest

from tools.guidelines.cases import Case, cases_in, differs, read_cases
from tools.guidelines.evaluate import evaluate
from tools.guidelines.library import BUILT_IN, load
from tools.guidelines.trying import CASES, shown_whole
from tools.guidelines.unusable import GuidelineUnusable
from tools.guidelines.worker import GuidelineWorker

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIBRARY = shown_whole(load())
EVERY = cases_in([BUILT_IN / CASES])


@pytest.mark.parametrize("case", EVERY, ids=lambda case: f"{case.of}: {case.name}")
async def test_case(case: Case, worker: GuidelineWorker) -> None:
    outcomes = await evaluate(worker, LIBRARY, case.resources, as_of=case.as_of, doubtful=case.doubtful)
    assert differs(case, outcomes) is None


async def test_every_recommendation_has_a_case_for_each_thing_that_can_come_of_it() -> None:
    expected: dict[str, set[str]] = {}
    for case in EVERY:
        expected.setdefault(case.of, set()).add(case.expect)
    wanted = {"due", "done", "excluded", "declined", "not_in_force", "withheld", "not_applicable"}
    missing = {each.id: wanted - expected.get(each.id, set()) for each in LIBRARY.recommendations}
    assert not any(missing.values()), missing


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recommendation: [", "x.yaml is not YAML"),
        ("cases: [{name: a, chart: [], expect: due}]", "x.yaml lacks 'recommendation'"),
        ("recommendation: x", "x.yaml lacks 'cases'"),
        (
            "recommendation: x\ncases: [{name: a, chart: [], expect: perhaps}]",
            'correct "a" in x.yaml: expect is one of',
        ),
        ("recommendation: x\ncases: [{name: a, chart: [], expect: due, wish: 1}]", "it does not know wish"),
        ("recommendation: x\ncases: [{name: a, chart: [{date: 2020-01-01}], expect: due}]", "one type of resource"),
    ],
)
async def test_a_file_of_cases_that_is_wrong_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(GuidelineUnusable) as refused:
        read_cases(tmp_path / "x.yaml")
    assert said in str(refused.value)
