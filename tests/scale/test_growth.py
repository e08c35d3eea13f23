"""A closed round leaves little behind; `python -m tests.scale` says what a round costs among many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.homes import copied, loaded_home
from tests.depth import depth
from tests.scale.growth import grown

ROUNDS = depth("GROWTH", here=40, ci=200)
MOST_BYTES = 64 * 1024


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home").path


async def test_a_closed_round_leaves_little_behind(home: Path) -> None:
    left = await grown(home, ROUNDS)
    assert 1024 < left.state_bytes + left.step_bytes < MOST_BYTES
