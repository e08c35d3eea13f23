"""The rounds of every scenario against the raw server, judged by the checker that knows nothing of the program."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from fhir_fixtures import SCENARIOS
from preround.doing import rounds
from preround.replay import replaying
from preround.replay.play import Player
from preround.replay.stage import Stage, open_stage
from preround.settings import Settings
from preround.wiring import SANDBOX_URL
from tests.checker.checker import Report, check
from tests.checker.raw import RawChart, read_bundles
from tests.depth import depth
from tools.guidelines.worker import PACKAGES

ROOT = Path(__file__).parents[2]
FILES = sorted(SCENARIOS.glob("*.yaml"))
STEP = 7
"""Prime to the number of scenarios, so that a few of them are of every kind."""

pytestmark = pytest.mark.skipif(
    not all((ROOT / "node_modules" / each).exists() for each in PACKAGES),
    reason="the npm packages of the CQL engine are not installed (npm ci)",
)


async def raw(stage: Stage) -> RawChart:
    """What the server holds now, as it sends it."""
    assert stage.house.sandbox is not None
    pages: list[bytes] = []
    address: str | None = f"{SANDBOX_URL}/Patient/{stage.patient}/$everything"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=stage.house.sandbox)) as client:
        while address:
            answer = await client.get(address)
            pages.append(answer.raise_for_status().content)
            address = next((one["url"] for one in answer.json().get("link", ()) if one["relation"] == "next"), None)
    return RawChart(patient=stage.patient, as_of=stage.clock.now(), resources=read_bundles(pages))


async def judged(file: Path, home: Path, settings: Settings, engine: Any) -> Sequence[Report]:
    """What the checker says of each round of a scenario, as the chart was when it ended."""
    reports = []
    async with open_stage(replaying.cast_of(file, settings, engine), home) as stage:
        player = Player(stage)
        while player.left:
            found = (await player.next()).get("round", {})
            if found.get("page"):
                reports.append(check(rounds.result(stage.house, found["run_id"]), await raw(stage)))
    return reports


async def test_every_sentence_of_every_round_stands_on_the_server(tmp_path: Path) -> None:
    chosen = {FILES[n * STEP % len(FILES)] for n in range(depth("CHECKED_SCENARIOS", here=5, ci=len(FILES)))}
    settings = Settings(home=tmp_path / "home")
    findings, unchecked, checked = [], 0, 0
    async with replaying.engine(settings) as engine:
        for file in sorted(chosen):
            reports = await judged(file, tmp_path / file.stem, settings, engine)
            assert reports, f"{file.stem} has no round that says anything"
            findings += [f"{file.stem}: {one}" for report in reports for one in report.findings]
            unchecked += sum(len(report.unchecked) for report in reports)
            checked += sum(report.checked for report in reports)
    assert findings == [], "\n".join(findings)
    assert checked > 30 * len(chosen)
    assert unchecked < 0.05 * checked
