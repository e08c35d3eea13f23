"""What a reviewer answers to a suggestion keeps it from that patient for its interval, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from fhir_fixtures.loading import load_story
from preround.doing import deciding, rounds
from preround.doing.load import load
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, House, open_house
from review.answers import answers
from tools.fhir.transport import in_process

STORY = PATIENTS / "diabetes-ckd.yaml"
PATIENT = "fx-dm-ckd-patient"


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def cpu_seconds(self) -> float:
        return 0.0


async def run_once(house: House) -> dict[str, Any]:
    run = await rounds.start(house, patient=PATIENT, tasks=rounds.DEFAULT_TASKS, as_of=load_story(STORY).now)
    return rounds.result(house, run.run_id)


@pytest.mark.parametrize(
    ("code", "why", "days"),
    [
        ("patient-refuses", "declined", 30),
        ("action-completed", "done", 30),
        ("wrong-time-workflow", "withheld", 29),
        ("clutter", None, 0),
    ],
)
async def test_an_answered_suggestion_rests(tmp_path: Path, code: str, why: str | None, days: int) -> None:
    (tmp_path / "story.json").write_bytes(compile_story(STORY))
    clock = Clock()
    async with open_house(Settings(home=tmp_path / "home"), clock=clock) as house:
        assert house.sandbox is not None
        await load([tmp_path / "story.json"], base_url=SANDBOX_URL, transport=in_process(house.sandbox))
        first = await run_once(house)
        before = [each["guideline"]["id"] for each in first["suggestions"]]
        assert before
        await deciding.decide(house, item_id=str(first["review_item"]), person="Dr Test", verb="reject", code=code)
        second = await run_once(house)
        after = [each["guideline"]["id"] for each in second["suggestions"]]
        if why is None:
            assert after == before
            return
        assert not set(before) & set(after)
        rested = {each["guideline"].partition("|")[0]: each for each in second["not_suggested"]}
        assert {rested[name]["why"] for name in before} == {why}
        assert all("2026-01-01" in rested[name]["detail"] for name in before)
        assert answers(house.services.db, "Patient/somebody-else") == {}
        clock.at += timedelta(days=days)
        still = await run_once(house)
        assert not set(before) & {each["guideline"]["id"] for each in still["suggestions"]}
        clock.at += timedelta(days=400)
        later = await run_once(house)
        assert {each["guideline"]["id"] for each in later["suggestions"]} == set(before)
