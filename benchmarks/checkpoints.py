"""What it costs to survive a kill at any step: rounds whose steps are kept in SQLite, beside rounds that forget them.

    python -m benchmarks.checkpoints [--rounds N] [--json FILE]

The same rounds of the same stories, in turn, in one process: LangGraph's steps kept durably before each next one, as
always, and kept in memory only. CPU milliseconds of this process up to the approval, and what the steps take.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path

from langgraph.checkpoint.memory import InMemorySaver
from rich.console import Console

from benchmarks.chart_page import Sample, stories
from benchmarks.home import house_of
from benchmarks.kept import bytes_of
from benchmarks.rounds import mine
from graphs.checkpoints import serializer
from graphs.runner import Runner
from preround.doing import rounds
from preround.wiring import House


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Both kinds of rounds."""

    rounds: int
    """Of each kind."""
    kept_ms: float
    """Median CPU of a round whose steps are kept."""
    forgotten_ms: float
    """Median CPU of a round whose steps are not."""
    step_bytes: int
    """What the steps of a waiting round take."""

    @property
    def factor(self) -> float:
        """Kept beside forgotten."""
        return self.kept_ms / self.forgotten_ms


async def measure(home: Path, samples: Sequence[Sample], many: int) -> Report:
    """Rounds of both kinds, one after the other, after one of each chart to warm up.

    Args:
        home: a new folder.
        samples: the charts, taken in turn.
        many: rounds of each kind.
    """
    kept: list[float] = []
    forgotten: list[float] = []
    async with house_of(home, samples) as house:
        runners = (house.runner, kept), (Runner(house.services, InMemorySaver(serde=serializer())), forgotten)
        for sample in [*samples, *islice(cycle(samples), many)]:
            for runner, spent in runners:
                before = mine()
                await _waiting(house, runner, sample)
                spent.append(1000 * (mine() - before))
    kept, forgotten = kept[len(samples) :], forgotten[len(samples) :]
    return Report(
        rounds=many,
        kept_ms=statistics.median(kept),
        forgotten_ms=statistics.median(forgotten),
        step_bytes=sum(bytes_of(home / "checkpoints.sqlite").values()) // (many + len(samples)),
    )


async def _waiting(house: House, runner: Runner, sample: Sample) -> None:
    patient = next(str(r["id"]) for r in sample.resources if r["resourceType"] == "Patient")
    run = runner.open(
        run_id=uuid.uuid4().hex[:16], patient=f"Patient/{patient}", tasks=rounds.DEFAULT_TASKS, as_of=sample.as_of
    )
    done = await runner.advance(run.run_id)
    if done.status != "awaiting_review":
        raise RuntimeError(f"A round of {sample.name} is {done.status} and compares nothing.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.checkpoints",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=60, help="rounds of each kind; default %(default)s")
    parser.add_argument("--json", type=Path, help="write the report as JSON")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(measure(Path(folder) / "home", list(stories()), given.rounds))
    Console().print(
        f"{report.rounds} rounds: {report.kept_ms:.0f} ms CPU with steps kept, {report.forgotten_ms:.0f} ms without, "
        f"{report.factor:.2f} times; {report.step_bytes / 1000:.1f} kB of steps a waiting round."
    )
    if given.json:
        given.json.write_text(json.dumps(asdict(report) | {"factor": report.factor}, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
