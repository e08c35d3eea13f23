"""The campaign, some points of it: each place of an approval, each lie of the server, races and sleeps, on both stores.

`TEST_KILL_POINTS` in the environment sets how many points each store gets; `python -m tests.kill` runs it by itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from preround.settings import Settings
from tests.acceptance.homes import Home, copied, loaded_home
from tests.depth import depth
from tests.kill.campaign import Campaign
from tests.kill.lying import FAULTS
from tests.kill.point import Point, points
from tests.kill.tally import Tally
from tests.stores import Store

# Counting the lines of lives costs more than they do, and their program ends by SIGKILL.
pytestmark = [pytest.mark.kill, pytest.mark.no_cover]
POINTS = depth("KILL_POINTS", here=60, ci=1000)


def test_nothing_is_lost_doubled_written_after_a_no_or_asked_again(which_store: Store, tmp_path: Path) -> None:
    # In a process of its own: each life is forked from all that its parent holds, and a test run holds much.
    figures = tmp_path / "figures.json"
    ran = subprocess.run(
        [sys.executable, "-m", "tests.kill", "--store", which_store, "--points", str(POINTS), "--json", str(figures)],
        cwd=Path(__file__).parents[2],
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, (ran.stdout[-4000:], ran.stderr[-4000:])
    tally = Tally(**json.loads(figures.read_text(encoding="utf-8"))[which_store])
    assert tally.clean, tally
    assert tally.points == POINTS
    assert tally.kills > POINTS / 2, "most of the chosen places are never reached"
    assert tally.sleeps > 0


def test_every_place_every_lie_and_every_way_to_die_is_among_the_points() -> None:
    chosen = list(points(48 * 28, places=48, seed=1))
    assert {point.fault for point in chosen} == {"none", *FAULTS}
    for fault in ("none", *FAULTS):
        alone = {p.deaths[0] for p in chosen if p.fault == fault and p.verb == "approve" and len(p.deaths) == 1}
        assert alone >= set(range(1, 49))
    assert {len(point.deaths) for point in chosen} == {0, 1, 3}
    assert any(point.beside for point in chosen)
    assert any(point.verb == "reject" for point in chosen)
    assert {point.sleeps for point in chosen} >= set(range(49))
    assert len({point.run_id for point in chosen}) == len(chosen)


def test_the_tally_sees_what_it_is_there_for(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home")
    campaign = Campaign(Settings(home=home.path, sandbox_audit=False))
    unharmed = Point(run_id="a" * 16, verb="approve", deaths=(9999,))
    campaign.run([unharmed])
    assert campaign.tally.clean
    assert campaign.tally.points == 1
    _written_again(home)
    campaign.run([Point(run_id="b" * 16, verb="approve", deaths=(9999,))])
    assert len(campaign.tally.twice) == 1, "a second version of what was written is not seen"
    campaign.judge([Point(run_id="d" * 16, verb="approve", deaths=())])
    assert campaign.tally.lost == ["d" * 16]
    campaign.judge([Point(run_id="a" * 16, verb="reject", deaths=())])
    assert campaign.tally.after_no == ["a" * 16]


def _written_again(home: Home) -> None:
    """Somebody writes one of our notes once more."""
    name, note = next((n, r) for n, r in home.stored().items() if n.startswith("DocumentReference/") and "fx-" not in n)
    assert note["meta"]["versionId"] == "1", name
    home.put({**note, "description": "once more"})
