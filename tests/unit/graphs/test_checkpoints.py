"""What a checkpoint may hold: ids and hashes, plain types, and nothing that a chart says."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graphs.approving import Answer
from graphs.checkpoints import sqlite_checkpoints
from preround.doing import deciding, rounds
from preround.shown.instant import instant
from preround.wiring import open_house
from tests.acceptance.homes import AS_OF, PATIENT, Home, copied, loaded_home

WORDS = "Zwischenruf über die Niere"
"""A reviewer's words, which belong to no checkpoint either."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A round that was sent back, approved and written, and what its steps held meanwhile."""

    home: Home
    """Its home, closed."""
    rows: frozenset[tuple[Any, ...]]
    """Every row of the checkpoint store that stood there as any node began or ended."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    made = copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path_factory.mktemp("checkpoints") / "home")
    seen: set[tuple[Any, ...]] = set()

    async def whole_round() -> None:
        async with open_house(made.settings, progress=lambda node, state: seen.update(_rows(made))) as house:
            run = await rounds.start(house, patient=PATIENT, tasks=rounds.DEFAULT_TASKS, as_of=instant(AS_OF))
            first = rounds.item_of_run(house, run.run_id)
            again = await deciding.decide(house, item_id=first, person="Ada Nowak", verb="revise", words=WORDS)
            await deciding.decide(house, item_id=again["next_item"], person="Ada Nowak", verb="approve")

    asyncio.run(whole_round())
    return Kept(home=made, rows=frozenset(seen))


def _rows(home: Home) -> Iterator[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(home.path / "checkpoints.sqlite")) as database:
        for table in ("checkpoints", "writes"):
            yield from database.execute(f"SELECT * FROM {table}")  # noqa: S608 - two names, above


def _said(value: Any) -> Iterator[str]:
    """Every text in a resource that a person could have written or that names one."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name not in {
                "system",
                "url",
                "resourceType",
                "status",
                "unit",
                "code",
                "use",
                "type",
                "intent",
                "contentType",
            }:
                yield from _said(member)
    elif isinstance(value, list):
        for member in value:
            yield from _said(member)
    elif isinstance(value, str) and len(value) >= 8:
        yield value


def test_no_word_of_the_chart_is_in_any_checkpoint(kept: Kept) -> None:
    held = b"\n".join(cell if isinstance(cell, bytes) else str(cell).encode() for row in kept.rows for cell in row)
    assert len(held) > 1000
    chart = [r for r in kept.home.stored().values() if PATIENT in str(r)]
    said = {text for resource in chart for text in _said(resource)} | {PATIENT, WORDS, "TESTPATIENT", "Ada Nowak"}
    assert len(said) > 100
    assert [text for text in sorted(said) if text.encode() in held and not re.fullmatch(r"[\d:.TZ+-]+", text)] == []


def test_a_thread_is_known_by_the_rounds_id_alone(kept: Kept) -> None:
    threads = {row[0] for row in kept.rows}
    assert len(threads) == 1
    assert all(re.fullmatch(r"[0-9a-f]{16}", thread) for thread in threads)


def test_a_closed_round_keeps_no_steps_and_one_that_waits_keeps_its_own(kept: Kept) -> None:
    assert list(_rows(kept.home)) == []

    async def two_rounds() -> tuple[str, str]:
        async with open_house(kept.home.settings) as house:
            open_, closed = [
                await rounds.start(house, patient=PATIENT, tasks=["summary"], as_of=instant(AS_OF)) for _ in range(2)
            ]
            await deciding.decide(
                house,
                item_id=rounds.item_of_run(house, closed.run_id),
                person="Ada Nowak",
                verb="reject",
                code="clutter",
            )
            return open_.run_id, closed.run_id

    waiting, closed = asyncio.run(two_rounds())
    assert {row[0] for row in _rows(kept.home)} == {waiting}
    assert closed != waiting


async def test_types_of_the_program_are_not_revived_from_a_checkpoint(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with sqlite_checkpoints(tmp_path / "c.sqlite") as saver:
        kept = saver.serde.dumps_typed(Answer(item_id="i", proposal_sha256="s"))
        with caplog.at_level("ERROR"):
            found = saver.serde.loads_typed(kept)
        assert not isinstance(found, Answer)
        plain = {"run_id": "r", "evidence": ["a"], "passes": 1}
        assert saver.serde.loads_typed(saver.serde.dumps_typed(plain)) == plain
        with pytest.raises(TypeError):
            saver.serde.dumps_typed(open)


async def test_of_a_failure_its_kind_is_kept_and_no_word(tmp_path: Path) -> None:
    async with sqlite_checkpoints(tmp_path / "c.sqlite") as saver:
        kind, kept = saver.serde.dumps_typed(ValueError(WORDS))
        assert WORDS.encode() not in kept
        assert saver.serde.loads_typed((kind, kept)) == "ValueError"
