"""Rounds one after the other in one store: what one costs beside one in a new store, and the bytes that each leaves."""

from __future__ import annotations

import sqlite3
import statistics
import time
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass
from pathlib import Path

from preround.doing import deciding, rounds
from preround.settings import Settings
from preround.shown.instant import instant
from preround.wiring import House, open_house
from tests.acceptance.homes import AS_OF
from tests.integration.test_prepared_rounds import a_note


@dataclass(frozen=True, kw_only=True)
class Left:
    """What rounds left behind."""

    rounds: int
    """How many are in the store."""
    state_bytes: float
    """Bytes a round in the state's file, artifacts apart."""
    step_bytes: float
    """Bytes a round in the file of LangGraph's steps."""


@dataclass(frozen=True, kw_only=True)
class Beside:
    """A round in a store with few rounds and in one with many, done in turns."""

    few_seconds: float
    """Median CPU of this process for a round in the one."""
    many_seconds: float
    """And in the other."""

    @property
    def ratio(self) -> float:
        """The one with many beside the one with few."""
        return self.many_seconds / self.few_seconds


async def grown(home: Path, rounds_: int) -> Left:
    """Do so many rounds in a home whose sandbox holds the patient of `a_note`."""
    async with _open(home) as house:
        for _ in range(rounds_):
            await _round(house)
    state, steps = _bytes(home)
    return Left(rounds=rounds_, state_bytes=state / rounds_, step_bytes=steps / rounds_)


async def beside(few: Path, many: Path, *, turns: int) -> Beside:
    """Do rounds in both homes in turns, so that what else this machine does falls on both."""
    async with _open(few) as one, _open(many) as other:
        spent: list[tuple[float, float]] = []
        for turn in range(turns):
            # Whoever goes second finds warm caches: they take turns at that too.
            if turn % 2:
                spent.append((await _round(one), await _round(other)))
            else:
                second = await _round(other)
                spent.append((await _round(one), second))
    return Beside(
        few_seconds=statistics.median(a for a, _ in spent), many_seconds=statistics.median(b for _, b in spent)
    )


def _open(home: Path) -> AbstractAsyncContextManager[House]:
    return open_house(Settings(home=home, sandbox_audit=False))


async def _round(house: House) -> float:
    """Opened, signed, written, closed: CPU seconds of this process."""
    began = time.process_time()
    run = await rounds.open_prepared(house, a_note(), as_of=instant(AS_OF))
    item = rounds.item_of_run(house, run.run_id)
    await deciding.decide(house, item_id=item, person="Ada Nowak", verb="approve")
    return time.process_time() - began


def _bytes(home: Path) -> tuple[int, int]:
    """Bytes of pages in use, of the state without its artifacts and of the steps."""
    with closing(sqlite3.connect(home / "preround.sqlite")) as state:
        kept = state.execute("SELECT coalesce(sum(length(body)), 0) FROM artifacts").fetchone()[0]
        used = _used(state) - kept
    with closing(sqlite3.connect(home / "checkpoints.sqlite")) as steps:
        return used, _used(steps)


def _used(database: sqlite3.Connection) -> int:
    (pages,), (free,), (size,) = (
        database.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)
