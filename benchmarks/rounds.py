"""What a round costs on the embedded defaults, beside its page alone, and whether it costs the same as rounds pile up.

    python -m benchmarks.rounds [--data PATH] [--rounds N] [--json FILE]

CPU milliseconds are of this process, sandbox and store included; the Node worker that evaluates guidelines has a line
of its own. The page alone is the same chart appraised, drafted and verified in memory. Then N rounds of the stories are
opened and refused one after the other in one store: the last rounds beside the first ones, and what the store keeps of
each. Exits 1 where a bound is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.chart_page import Sample, charts, material_of, show, stories
from benchmarks.home import house_of, kept_of
from benchmarks.page_cost import cpu
from preround.doing import deciding, rounds
from preround.wiring import House
from store import runs

MAX_GROWTH = 1.2
MAX_BYTES = 64 * 1024
TURNS = 3
WINDOW = 20
"""Rounds at the beginning and at the end that are held against each other, after as many to warm up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RoundCost:
    """One chart."""

    name: str
    """The chart."""
    entries: int
    """Its resources."""
    page_ms: float
    """CPU of appraising, drafting and verifying it in memory."""
    round_ms: float
    """CPU of a whole round up to its approval: reading, planning, guidelines asked, drafts, proposal, kept steps."""
    requests: int
    """FHIR requests of a round."""
    read_bytes: int
    """Bytes that the server sent."""

    @property
    def over_page(self) -> float:
        """How many pages a round costs."""
        return self.round_ms / self.page_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """Many rounds in one store."""

    rounds: int
    """How many."""
    first_ms: float
    """Median CPU of the first ones, opened and refused."""
    last_ms: float
    """Median CPU of the last ones."""
    worker_ms: float
    """CPU of the Node worker, a round."""
    store_bytes: int
    """What the store keeps of a closed round, artifacts apart."""
    checkpoint_bytes: int
    """What LangGraph's steps take of it, of these bytes."""
    artifact_bytes: int
    """What its artifacts take: charts read, drafts, proposal."""
    series: list[float] = field(default_factory=list)
    """Median CPU milliseconds of each twentieth of the rounds, in order."""

    @property
    def growth(self) -> float:
        """The last rounds beside the first ones."""
        return self.last_ms / self.first_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Everything."""

    costs: list[RoundCost]
    """Chart by chart."""
    growth: Growth
    """As rounds pile up."""

    @property
    def missed(self) -> list[str]:
        """The bounds that it does not meet."""
        faults = []
        if self.growth.growth > MAX_GROWTH:
            faults.append(f"the last of {self.growth.rounds} rounds cost {self.growth.growth:.2f} times the first ones")
        if self.growth.store_bytes >= MAX_BYTES:
            faults.append(f"{self.growth.store_bytes} bytes of the store for a closed round")
        return faults


async def cost_of(house: House, sample: Sample, page_ms: float) -> RoundCost:
    """One chart's round, the least of some turns, beside its page."""
    whole = []
    ledger: dict[str, int] = {}
    for _ in range(TURNS):
        before = mine()
        run = await _round(house, sample)
        whole.append(mine() - before)
        ledger = dict(run.ledger or {})
    return RoundCost(
        name=sample.name,
        entries=len(sample.resources),
        page_ms=page_ms,
        round_ms=1000 * min(whole),
        requests=ledger["fhir_requests"],
        read_bytes=ledger["fhir_bytes"],
    )


def page_of(sample: Sample) -> float:
    """CPU milliseconds of a chart's page in memory, the least of some turns."""
    return 1000 * min(cpu(lambda: show(material_of(sample.resources, sample.as_of))) for _ in range(TURNS))


async def _round(house: House, sample: Sample) -> runs.Run:
    return await rounds.start(house, patient=patient_of(sample), tasks=rounds.DEFAULT_TASKS, as_of=sample.as_of)


def patient_of(sample: Sample) -> str:
    """The id of a chart's patient."""
    return next(str(r["id"]) for r in sample.resources if r["resourceType"] == "Patient")


async def grown(home: Path, samples: Sequence[Sample], many: int) -> Growth:
    """Open and refuse many rounds in one new store."""
    ended = children()
    async with house_of(home, samples) as house:
        spent = []
        empty = kept_of(home)
        for sample in islice(cycle(samples), many):
            before = mine()
            run = await _round(house, sample)
            item = rounds.item_of_run(house, run.run_id)
            await deciding.decide(house, item_id=item, person="Ada Prescriber", verb="reject", code="clutter")
            spent.append(1000 * (mine() - before))
    window = min(WINDOW, many // 3)
    kept = {part: size - empty[part] for part, size in kept_of(home).items()}
    part = max(1, many // 20)
    return Growth(
        rounds=many,
        first_ms=statistics.median(spent[window : 2 * window]),
        last_ms=statistics.median(spent[-window:]),
        worker_ms=1000 * (children() - ended) / many,
        store_bytes=(kept["state"] + kept["checkpoints"]) // many,
        checkpoint_bytes=kept["checkpoints"] // many,
        artifact_bytes=kept["artifacts"] // many,
        series=[round(statistics.median(spent[i : i + part]), 1) for i in range(0, many, part)],
    )


def mine() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def children() -> float:
    """CPU seconds of the child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def costs_of(home: Path, samples: Sequence[Sample]) -> list[RoundCost]:
    """What a round of each costs, all of them in one store."""
    pages = [await asyncio.to_thread(page_of, sample) for sample in samples]
    async with house_of(home, samples) as house:
        return [await cost_of(house, sample, page) for sample, page in zip(samples, pages, strict=True)]


async def report_of(data: Path, home: Path, many: int) -> Report:
    """All of it: the stories, the largest sample chart where there is one, and many rounds."""
    told = list(stories())
    largest = sorted(charts(data), key=lambda s: len(s.resources))[-1:] if (data / "synthea").is_dir() else []
    costs = await costs_of(home / "each", [*told, *largest])
    return Report(costs=costs, growth=await grown(home / "many", told, many))


def tables_of(report: Report) -> tuple[Table, ...]:
    """The report for a terminal."""
    each = Table(title="A round, up to its approval")
    for name in ("chart", "entries", "page, CPU ms", "round, CPU ms", "pages", "requests", "kB read"):
        each.add_column(name, justify="left" if name == "chart" else "right")
    for c in report.costs:
        figures = f"{c.page_ms:.0f}", f"{c.round_ms:.0f}", f"{c.over_page:.1f}", str(c.requests)
        each.add_row(c.name[:20], str(c.entries), *figures, f"{c.read_bytes / 1000:.0f}")
    g = report.growth
    many = Table(title=f"{g.rounds} rounds in one store, opened and refused", show_header=False)
    many.add_row("the first, CPU ms", f"{g.first_ms:.0f}")
    many.add_row("the last, CPU ms", f"{g.last_ms:.0f}")
    many.add_row("the last beside the first", f"{g.growth:.2f}")
    many.add_row("Node worker, CPU ms a round", f"{g.worker_ms:.0f}")
    many.add_row("kB in the store a closed round", f"{g.store_bytes / 1000:.1f}")
    many.add_row("of these, LangGraph's steps", f"{g.checkpoint_bytes / 1000:.1f}")
    many.add_row("kB of artifacts a round", f"{g.artifact_bytes / 1000:.1f}")
    return each, many


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; 0 where every bound is met."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rounds", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = Path(os.environ.get("PREROUND_TEST_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data, help="folder that holds synthea/; the stories alone without")
    parser.add_argument("--rounds", type=int, default=300, help="rounds in one store; default %(default)s")
    parser.add_argument("--json", type=Path, help="write the report as JSON")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(report_of(given.data, Path(folder), given.rounds))
    console = Console(width=None if sys.stdout.isatty() else 130)
    for table in tables_of(report):
        console.print(table)
    for fault in report.missed:
        console.print(f"MISSED: {fault}")
    if given.json:
        found = asdict(report) | {"missed": report.missed}
        given.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
