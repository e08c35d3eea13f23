"""A report of harm opens an incident, and "unsafe" pauses the recommendation for the next round."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from fhir_fixtures.loading import load_story
from preround.doing import deciding, rounds
from preround.doing.load import load
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, House, open_house
from review.incidents import incidents, paused
from tools.fhir.transport import in_process

STORY = PATIENTS / "diabetes-ckd.yaml"


async def run_once(house: House) -> dict[str, object]:
    run = await rounds.start(
        house, patient="fx-dm-ckd-patient", tasks=rounds.DEFAULT_TASKS, as_of=load_story(STORY).now
    )
    return rounds.result(house, run.run_id)


@pytest.mark.parametrize(("code", "pauses"), [("unsafe", True), ("wrong-patient", False), ("clutter", None)])
async def test_what_a_rejection_sets_off(tmp_path: Path, code: str, pauses: bool | None) -> None:
    (tmp_path / "story.json").write_bytes(compile_story(STORY))
    async with open_house(Settings(home=tmp_path / "home")) as house:
        assert house.sandbox is not None
        await load([tmp_path / "story.json"], base_url=SANDBOX_URL, transport=in_process(house.sandbox))
        first = await run_once(house)
        assert first["suggestions"]
        await deciding.decide(
            house, item_id=str(first["review_item"]), person="Dr Test", verb="reject", code=code, words="as reported"
        )
        found = incidents(house.services.db)
        assert [i.code for i in found] == ([] if pauses is None else [code])
        second = await run_once(house)
        if pauses:
            assert found[0].recommendations
            assert paused(house.services.db)
            before = {s["guideline"]["id"] for s in first["suggestions"]}  # type: ignore[attr-defined]
            after = {s["guideline"]["id"] for s in second["suggestions"]}  # type: ignore[attr-defined]
            assert not before & after, "what stood behind the first five may come up, the paused ones not"
            withheld = {n["guideline"].partition("|")[0] for n in second["not_suggested"] if "unsafe" in n["detail"]}  # type: ignore[attr-defined]
            assert before <= withheld
        else:
            assert second["suggestions"] == first["suggestions"]
