"""Scenarios: the same bytes on stage and from tape; what has changed is shown in words that a person would use."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from fhir_fixtures import SCENARIOS
from preround.failure import Unusable
from preround.replay import replaying
from preround.replay.replaying import Replayed, tape_of
from preround.replay.report import sha256_of
from preround.replay.side_by_side import Pair, as_html
from preround.settings import Settings
from tests.unit.house.files import ROOT, program
from tools.tape import opened


def quiet(_: str) -> None: ...


def copied(tmp_path: Path, name: str, *changes: tuple[str, str]) -> Path:
    """A scenario of ours in a folder of the test's own, with some words of it changed."""
    text = (SCENARIOS / f"{name}.yaml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / f"{name}.yaml"
    path.write_text(text)
    return path


async def recorded(path: Path, settings: Settings) -> tuple[Replayed, bytes]:
    async with replaying.engine(settings) as engine:
        done = await replaying.record(path, settings, engine, quiet)
        return done, tape_of(path).read_bytes()


@pytest.mark.parametrize("name", ["model-truncates", "server-down"])
async def test_stage_and_tape_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    path, settings = copied(tmp_path, name), Settings(home=tmp_path / "home")
    first, one = await recorded(path, settings)
    async with replaying.engine(settings) as engine:
        second = await replaying.replay(path, settings, engine, quiet)
    third, other = await recorded(path, settings)
    assert first.misses == second.misses == []
    assert (first.how, second.how, third.how) == ("stage", "tape", "stage")
    assert sha256_of(first) == sha256_of(second) == sha256_of(third)
    assert not second.differences
    assert one == other, "a tape recorded again has the same bytes"
    assert not (tmp_path / "home").exists(), "nothing of the caller's own state is touched"
    tape = opened(tape_of(path))
    assert tape.count("fhir") > 20
    assert tape.count("model") == (5 if name == "model-truncates" else 0)


def test_a_prompt_and_a_rule_that_changed_are_shown(tmp_path: Path) -> None:
    """A copy of the program, one prompt and one recommendation changed in it, replays what the program recorded."""
    for name in ("model-truncates", "aki-metformin"):
        asyncio.run(recorded(copied(tmp_path, name), Settings(home=tmp_path / "home")))
    tree = tmp_path / "tree"
    for room in {p.parts[0] for p in program()}:
        shutil.copytree(ROOT / room, tree / room, ignore=shutil.ignore_patterns("__pycache__", "scenarios"))
    prompt = tree / "agents" / "prompts" / "summary.md"
    prompt.write_text(prompt.read_text() + "\nSay the potassium first.\n")
    plan = next((tree / "tools" / "guidelines" / "library").glob("PlanDefinition-metformin*.json"))
    plan.write_text(plan.read_text().replace("Review the metformin dose", "Halve the metformin"))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREROUND_")}
    done = subprocess.run(
        [sys.executable, "-m", "preround", "replay", str(tmp_path), "--json", "-", "--junit", str(tmp_path / "j.xml")],
        cwd=tree,
        env={**environment, "PYTHONPATH": str(tree), "PREROUND_NODE_MODULES": str(ROOT / "node_modules")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    cases: dict[str, Any] = {c["id"]: c for c in json.loads(done.stdout)["cases"]}
    prompted, ruled = cases["model-truncates"], cases["aki-metformin"]
    assert (prompted["ok"], prompted["how"], prompted["misses"]) == (True, "stage", [])
    assert "+Say the potassium first." in prompted["differences"]
    assert any(line.strip().startswith("prompt tokens: ") for line in prompted["differences"])
    assert not any("claim" in line for line in prompted["differences"]), "nothing else differs"
    assert ruled["misses"], "the scenario expects the recommendation by its name"
    assert "  - suggestion: Review the metformin dose (metformin-kidney|2020.1)" in ruled["differences"]
    assert "  + suggestion: Halve the metformin (metformin-kidney|2020.1)" in ruled["differences"]
    suite = ElementTree.fromstring((tmp_path / "j.xml").read_text())  # noqa: S314 - our own report
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "Say the potassium first" in "".join(suite.itertext())


async def test_a_chart_of_a_site_is_recorded_only_where_the_site_says_so(tmp_path: Path) -> None:
    path = copied(
        tmp_path,
        "server-down",
        ("story: diabetes-ckd", "patient: p1\nstarts: 2026-06-01T07:00"),
    )
    with pytest.raises(Unusable, match="PREROUND_TAPE_CHARTS"):
        await recorded(path, Settings(home=tmp_path / "home", fhir="http://127.0.0.1:1/fhir"))
    assert not tape_of(path).exists()


async def test_what_does_not_come_as_expected_is_named_by_step(tmp_path: Path) -> None:
    path = copied(
        tmp_path,
        "model-truncates",
        ("must_say: ['naproxen'", "must_say: ['warfarin'"),
        ("must_not_say: ['9\\.9']", "must_not_say: ['penicillin']"),
    )
    path.write_text(path.read_text() + "at_the_end: {written: {ServiceRequest: [retinal]}}\n")
    done, _ = await recorded(path, Settings(home=tmp_path / "home"))
    assert done.misses == [
        "step 1 (a round: summary, comparison): not said: warfarin",
        "step 1 (a round: summary, comparison): said, and must not be: penicillin, found as “penicillin”",
        "at the end: no ServiceRequest that says “retinal” was written",
    ]
    async with replaying.engine(Settings(home=tmp_path / "home")) as engine:
        other = await replaying.with_reasoner(path, Settings(home=tmp_path / "home"), engine, quiet)
    page = as_html([Pair.of(done, other)]).decode()
    assert '<th scope="col">scripted</th><th scope="col">offline</th>' in page
    assert '<li class="alone">HbA1c was 8.4 %.</li>' in page, "what stands on one side only is marked"
    assert '<p class="miss">not said: warfarin</p>' in page


async def test_an_entry_that_does_not_fit_the_story_is_named_with_the_scenario(tmp_path: Path) -> None:
    path = copied(tmp_path, "stale-chart", ("6.4 mmol/L]}", "6.4 mg]}"))
    with pytest.raises(Unusable, match=r"scenario stale-chart adds to the story diabetes-ckd does not fit it: results"):
        await recorded(path, Settings(home=tmp_path / "home"))
