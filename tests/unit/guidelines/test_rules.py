"""A site's own wishes: off, silent, shown, snoozed."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tools.guidelines.evaluate import evaluate
from tools.guidelines.library import load
from tools.guidelines.rules import Rules, read_rules
from tools.guidelines.unusable import GuidelineUnusable
from tools.guidelines.worker import GuidelineWorker

AS_OF = datetime(2021, 8, 1, 9, tzinfo=UTC)
PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1961-03-01"}


def test_the_files_of_all_folders_count(tmp_path: Path) -> None:
    for name, text in (
        ("a", 'off = ["x"]\n[snooze]\ny = 2030-01-31\n'),
        ("b", 'silent = ["z"]\nshown = ["w"]\n[snooze]\ny = 2031-01-31\n'),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "site.toml").write_text(text)
    rules = read_rules([tmp_path / "a", tmp_path / "b", tmp_path / "none"])
    assert (rules.mode("x", experimental=False), rules.mode("z", experimental=False)) == ("off", "silent")
    assert (rules.mode("w", experimental=True), rules.mode("v", experimental=True)) == ("on", "silent")
    assert rules.asleep("y", date(2031, 1, 30)) == date(2031, 1, 31)
    assert rules.asleep("y", date(2031, 1, 31)) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("off = [", "it is not TOML"),
        ('of = ["x"]', "take of out"),
        ('off = "x"', "as a list of ids"),
        ('[snooze]\nx = "soon"', "as dates"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "site.toml").write_text(text)
    with pytest.raises(GuidelineUnusable, match=says):
        read_rules([tmp_path])


@pytest.mark.asyncio(loop_scope="module")
async def test_they_are_kept_in_an_evaluation(worker: GuidelineWorker) -> None:
    rules = Rules(
        off=frozenset({"hepatitis-c-screening"}),
        silent=frozenset({"zoster-vaccine"}),
        snoozed={"colorectal-screening-50": date(2021, 8, 2)},
    )
    library = replace(load(), rules=rules)
    found = {
        each.recommendation.id: each
        for each in await evaluate(worker, library, [PATIENT], as_of=AS_OF, doubtful=frozenset())
    }
    assert "hepatitis-c-screening" not in found
    assert found["zoster-vaccine"].why == "silent"
    assert found["colorectal-screening-50"].why == "withheld"
    assert "snoozed until 2021-08-02" in found["colorectal-screening-50"].detail
    assert found["zoster-vaccine"].action is None
    awake = await evaluate(worker, library, [PATIENT], as_of=AS_OF.replace(day=2), doubtful=frozenset())
    assert {each.why for each in awake if each.recommendation.id == "colorectal-screening-50"} == {"due"}


@pytest.mark.asyncio(loop_scope="module")
async def test_the_pressing_come_first(worker: GuidelineWorker) -> None:
    drug = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "authoredOn": "2021-05-01",
    }
    chart: list[dict[str, Any]] = [
        PATIENT,
        {**drug, "id": "o", "medicationCodeableConcept": {"text": "oxycodone 10 mg"}},
        {**drug, "id": "b", "medicationCodeableConcept": {"text": "lorazepam 1 mg"}},
    ]
    outcomes = await evaluate(worker, load(), chart, as_of=AS_OF, doubtful=frozenset())
    due = [each.recommendation.id for each in outcomes if each.why == "due"]
    assert due == [
        "opioid-benzodiazepine",
        "opioid-naloxone",
        "colorectal-screening-50",
        "hepatitis-c-screening",
        "zoster-vaccine",
    ]
