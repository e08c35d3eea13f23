"""The scenarios that come with Preround go as they say, and give the same bytes when they are played again."""

from __future__ import annotations

import re
from pathlib import Path

from fhir_fixtures import SCENARIOS
from fhir_fixtures.loading import load_scenario, load_story
from preround.replay import replaying
from preround.replay.report import sha256_of
from preround.settings import Settings
from tests.depth import depth

FILES = sorted(SCENARIOS.glob("*.yaml"))
TAUGHT = (
    "new-diabetic", "hf-readmission", "aki-metformin", "allergy-against-suggestion", "conflicting-medication-lists",
    "planted-instruction", "wrong-unit-glucose", "screening-refused", "approval-by-two", "stale-chart", "server-down",
    "model-truncates", "pregnant", "paediatric-dose", "film-better", "film-worse",
    "films-read",
)  # fmt: skip


def quiet(_: str) -> None: ...


def test_what_a_teacher_asks_for_is_there() -> None:
    assert set(TAUGHT) <= {f.stem for f in FILES}
    assert len(FILES) >= 15


def test_each_scenario_says_what_it_is_for_and_expects_something() -> None:
    for file in FILES:
        scenario = load_scenario(file)
        assert file.read_text().startswith("# "), file.name
        assert scenario.teaches.endswith("."), file.name
        wanted = [getattr(step, name, None) for step in scenario.steps for name in ("must_say", "refused", "then")]
        assert any(wanted) or scenario.at_the_end.written, f"{file.name} expects nothing"


def test_the_patients_of_scenarios_are_invented_and_named_so() -> None:
    stories = [load_story(path) for path in sorted((SCENARIOS / "patients").glob("*.yaml"))]
    assert len(stories) >= 5
    assert all(re.match(r"Testpatient, ", one.patient.name) for one in stories)
    assert len({one.story for one in stories}) == len(stories)


async def test_every_scenario_goes_as_it_says(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    hashes: dict[str, str] = {}
    async with replaying.engine(settings) as engine:
        for file in FILES:
            done = await replaying.replay(file, settings, engine, quiet)
            assert list(done.misses) == [], f"{file.name}: {done.misses}"
            hashes[file.stem] = sha256_of(done)
        for file in FILES[: depth("SCENARIOS", here=3, ci=len(FILES))]:
            again = await replaying.replay(file, settings, engine, quiet)
            assert sha256_of(again) == hashes[file.stem], f"{file.name} gave other bytes the second time"
