"""A thousand rounds that wait for their review take no memory of the processes that look after them."""

from __future__ import annotations

from pathlib import Path

from tests.depth import depth
from tests.postgres import PostgreSQL
from tests.scale.memory import held, home_on

LOOKS = depth("LOOKS", here=15)
MORE = 1.1
"""`serve` and `worker` may hold so many times what they hold with two rounds: the first full page, not its rows."""
SETTLED = 1.03


def test_a_thousand_rounds_that_wait_take_no_memory_of_serve_and_worker(postgres: PostgreSQL, tmp_path: Path) -> None:
    for one in held(home_on(postgres, tmp_path), waiting=1000, looks=LOOKS):
        assert one.ratio < MORE, str(one)
        assert one.later < SETTLED * one.waiting, str(one)
