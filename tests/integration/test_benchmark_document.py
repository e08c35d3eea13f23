"""docs/benchmarks.md is what its figures say, and the rounds' benchmarks measure what they name."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import checkpoints, rounds
from benchmarks.chapter import Chapter
from benchmarks.chapters import CHAPTERS
from benchmarks.chart_page import Sample, stories
from benchmarks.document import DOCS, document, measured, write
from benchmarks.figure import Figure
from benchmarks.plot import LEFT, bars, line, ratios

OPEN: dict[str, list[str]] = {}
"""Bounds that are not reached, by chapter; the chapter's document says why. A line leaves when it is."""


@pytest.fixture(scope="module")
def told() -> list[Sample]:
    return list(stories())[:3]


def test_the_document_is_what_was_measured() -> None:
    assert (DOCS / "benchmarks.md").read_text() == document()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.name)
def test_every_chapter_was_measured_and_keeps_its_bounds(chapter: Chapter) -> None:
    found = json.loads((DOCS / "benchmarks" / f"{chapter.name}.json").read_text())
    figures = chapter.figures(found)
    assert figures
    assert [f.words for f in figures if not f.meets] == OPEN.get(chapter.name, [])


def test_a_figure_past_its_bound_is_named_wherever_the_bound_lies() -> None:
    below = Figure(words="ratio", value=2.9, unit="×", bound=15, side="at least")
    above = Figure(words="growth", value=2.5, unit="×", bound=2)
    assert not below.meets
    assert not above.meets
    assert below.row == "| ratio | 2.9× | at least 15× — **missed** |"
    assert Figure(words="size", value=1234.5, unit="kB").row == "| size | 1,234 kB |  |"


def test_plots_are_pictures_with_words(tmp_path: Path) -> None:
    figures = [
        Figure(words="a < b", value=30, unit="ms", bound=20),
        Figure(words="far better", value=9000, bound=1000, side="at least"),
        Figure(words="not held to anything", value=1),
    ]
    drawn = ElementTree.fromstring(bars(figures))  # noqa: S314 - ours
    words = ["".join(t.itertext()) for t in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "a < b" in words
    assert "30 ms" in words
    assert "not held to anything" not in words
    (points,) = re.findall(r'points="([^"]+)"', line([10, 10, 10], words="flat", unit="ms"))
    assert len({p.partition(",")[2] for p in points.split()}) == 1


def test_ratios_without_a_bound_stand_beside_the_line_where_both_sides_are_alike() -> None:
    figures = [
        Figure(words=words, value=value, unit="×") for words, value in (("ten", 10), ("hundred", 100), ("half", 0.5))
    ]
    drawn = ElementTree.fromstring(ratios([*figures, Figure(words="not a ratio", value=3)]))  # noqa: S314 - ours
    ten, hundred, half = (float(r.get("width", 0)) for r in list(drawn.iter("{http://www.w3.org/2000/svg}rect"))[1:])
    (same,) = drawn.iter("{http://www.w3.org/2000/svg}line")
    at = float(same.get("x1", 0)) - LEFT
    assert half < at < ten
    assert hundred - at == pytest.approx(2 * (ten - at), abs=2), "a scale of tens"


def test_a_benchmark_that_cannot_run_leaves_no_old_figures(tmp_path: Path) -> None:
    chapter = next(c for c in CHAPTERS if c.name == "navigator")
    (tmp_path / "navigator.json").write_text('{"stale": true}')
    assert measured(chapter, tmp_path / "nowhere", kept=tmp_path) != 0
    assert not (tmp_path / "navigator.json").exists()
    assert "Not measured yet" in document(tmp_path)


def test_a_missed_bound_is_said_when_the_document_is_written(tmp_path: Path) -> None:
    kept = tmp_path / "benchmarks"
    kept.mkdir()
    about = {"measured": {"on": "2026-01-01", "machine": "two cores"}}
    growth = {
        "rounds": 40,
        "first_ms": 100.0,
        "last_ms": 300.0,
        "store_bytes": 1000,
        "artifact_bytes": 1,
        "series": [1, 2],
    }
    cost = {"name": "x", "entries": 3, "page_ms": 1.0, "round_ms": 2.0, "requests": 3, "read_bytes": 4}
    (kept / "rounds.json").write_text(json.dumps(about | {"growth": growth, "costs": [cost]}))
    assert write(kept) == ["Rounds: the last of 40 rounds in a store beside the first"]
    assert "**missed**" in (tmp_path / "benchmarks.md").read_text()
    assert {p.name for p in kept.glob("*.svg")} == {"rounds.svg", "rounds-series.svg"}


def test_rounds_pile_up_in_one_store(tmp_path: Path, told: list[Sample]) -> None:
    growth = asyncio.run(rounds.grown(tmp_path / "many", told, 6))
    assert growth.rounds == 6
    assert 0 < growth.store_bytes < rounds.MAX_BYTES
    assert growth.checkpoint_bytes < 1000, "steps of closed rounds are let go"
    assert growth.artifact_bytes > 0
    assert growth.worker_ms > 0


def test_a_round_costs_more_than_its_page(tmp_path: Path, told: list[Sample]) -> None:
    (cost,) = asyncio.run(rounds.costs_of(tmp_path / "each", told[:1]))
    assert cost.over_page > 1
    assert cost.requests > 5
    assert cost.read_bytes > 1000


def test_steps_are_kept_by_one_kind_of_rounds_only(tmp_path: Path, told: list[Sample]) -> None:
    report = asyncio.run(checkpoints.measure(tmp_path / "home", told[:1], 2))
    assert report.step_bytes > 10_000
    assert report.kept_ms > 0
    assert report.forgotten_ms > 0
