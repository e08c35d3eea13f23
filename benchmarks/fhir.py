"""What FHIR costs here: a chart to facts beside validating it, loading into the sandbox, and searching it as it grows.

    python -m benchmarks.fhir [--data PATH] [--part facts|loading|searches] [--json FILE]

All figures are CPU seconds of this process, client and server together: of facts and validation on the same resources,
of `preround.doing.load` into an empty sandbox, and of the same filtered searches on a small and a large one, in turn.
The least of several turns counts. Exits 1 where a bound is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from rich.console import Console
from rich.table import Table

from benchmarks.charts import samples
from benchmarks.fhir_facts import AS_OF, Facts, facts_of
from preround.doing.load import load
from preround.sandbox.app import create_sandbox
from tools.fhir.client import FhirClient
from tools.fhir.query import Params
from tools.fhir.transport import in_process

MIN_FACTOR = 15.0
"""Validating a chart takes at least so many times as long as reading it into facts."""
MIN_LOADED = 1000.0
"""Resources loaded in one CPU second."""
MAX_GROWTH = 2.0
"""Seconds of a filtered search on the large server over seconds on the small one."""
SMALL, LARGE = 2_000, 20_000
"""Resources on the two servers."""
TURNS = 25
"""How often each search is asked of each server."""
A_CHART = 100
"""Resources of one invented patient on those servers."""
Part = Literal["facts", "loading", "searches"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loading:
    """Loading into an empty sandbox, the fastest of three."""

    resources: int
    """Resources loaded."""
    cpu_seconds: float
    """CPU of reading, sending and storing them."""
    a_second: float
    """Resources in one CPU second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """One filtered search on two servers, of which one holds ten times as much."""

    search: str
    """What is asked."""
    found: int
    """Resources found, the same on both."""
    small_ms: float
    """CPU of one answer of the small server, milliseconds."""
    large_ms: float
    """CPU of one of the large one."""
    growth: float
    """The second over the first."""


async def loaded(source: Path, folder: Path) -> tuple[Loading, FhirClient]:
    """Load files into a new sandbox; gives what that cost, and a client of it.

    Args:
        source: files to load.
        folder: where the sandbox keeps its file.
    """
    app = create_sandbox(folder / f"{source.stem}.sqlite", now=lambda: AS_OF)
    transport = in_process(app)
    began = time.process_time()
    done = await load([source], base_url=_BASE, transport=transport)
    cpu = time.process_time() - began
    count = sum(done.counts.values())
    return Loading(resources=count, cpu_seconds=cpu, a_second=count / cpu), FhirClient(_BASE, transport=transport)


_BASE = "http://sandbox.invalid/fhir"


def invented(count: int) -> Iterator[dict[str, Any]]:
    """So many resources of invented patients, each with a chart of the same make."""
    for number in range(count // A_CHART):
        patient = f"p{number}"
        mark = [{"system": "urn:preround:benchmark", "value": patient}]
        yield {"resourceType": "Patient", "id": patient, "identifier": mark, "name": [{"family": f"Benchmark{number}"}]}
        for n in range(A_CHART - 1):
            named = f"only-{number}" if n == 0 else f"{1000 + n % 9}-{n % 9}"
            code = {"coding": [{"system": "http://loinc.org", "code": named}]}
            yield {
                "resourceType": "Observation",
                "id": f"{patient}-{n}",
                "status": "final",
                "code": code,
                "subject": {"reference": f"Patient/{patient}"},
                "effectiveDateTime": f"20{10 + n % 11}-{1 + n % 12:02}-{1 + n % 28:02}T08:00:00Z",
                "valueQuantity": {"value": n, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"},
            }


SEARCHES: dict[str, tuple[str, Params, int]] = {
    "one chart": ("Observation", [("patient", "p7"), ("_count", "200")], 200),
    "one measurement": ("Observation", [("patient", "p7"), ("code", "http://loinc.org|1003-3"), ("_count", "50")], 50),
    "in a period": ("Observation", [("patient", "p7"), ("date", "ge2014"), ("date", "lt2016"), ("_count", "50")], 50),
    "the newest": ("Observation", [("patient", "p7"), ("code", "1003-3"), ("_sort", "-date"), ("_count", "1")], 1),
    "above a value": ("Observation", [("patient", "p7"), ("value-quantity", "gt90|http://unitsofmeasure.org|mg")], 50),
    "by identifier": ("Patient", [("identifier", "urn:preround:benchmark|p7")], 1),
    "by name": ("Patient", [("family:exact", "Benchmark7")], 1),
    "pointed at": ("Patient", [("_has:Observation:patient:code", "only-7")], 1),
    "chained": ("Observation", [("subject:Patient.identifier", "urn:preround:benchmark|p7"), ("code", "1003-3")], 50),
}
"""Filtered searches that find as much on either server."""


async def grown(folder: Path, small: int, large: int) -> list[Growth]:
    """The same searches on two sandboxes with so many resources, in turn."""
    clients = []
    for count in (small, large):
        source = folder / f"{count}.ndjson"
        source.write_text("".join(f"{json.dumps(one)}\n" for one in invented(count)))
        clients.append((await loaded(source, folder))[1])
    async with clients[0] as one, clients[1] as other:
        return [await _compared(name, one, other) for name in SEARCHES]


async def _compared(name: str, small: FhirClient, large: FhirClient) -> Growth:
    kind, params, cap = SEARCHES[name]
    least, found = [float("inf"), float("inf")], [0, 0]
    for _ in range(TURNS):
        for side, client in enumerate((small, large)):
            began = time.process_time()
            answer = await client.search(kind, params, cap=cap)
            least[side] = min(least[side], time.process_time() - began)
            found[side] = len(answer.resources)
    if found[0] != found[1] or not found[0]:
        raise RuntimeError(f"The search '{name}' found {found[0]} and {found[1]}: it compares nothing.")
    small_ms, large_ms = (one * 1000 for one in least)
    return Growth(search=name, found=found[0], small_ms=small_ms, large_ms=large_ms, growth=large_ms / small_ms)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All of it."""

    facts: Facts | None
    """None without the sample charts, or where it was not asked for."""
    loading: Loading | None
    """None without the sample charts, or where it was not asked for."""
    searches: list[Growth]
    """One row a search."""

    @property
    def missed(self) -> list[str]:
        """The bounds that do not hold, a sentence each."""
        found = []
        if self.facts and self.facts.factor < MIN_FACTOR:
            found.append(f"Validating takes {self.facts.factor:.1f} times as long as facts, not {MIN_FACTOR:.0f}.")
        if self.loading and self.loading.a_second < MIN_LOADED:
            found.append(f"{self.loading.a_second:.0f} resources are loaded a CPU second, not {MIN_LOADED:.0f}.")
        found += [f"'{row.search}' grows {row.growth:.2f} times." for row in self.searches if row.growth >= MAX_GROWTH]
        return found


def measure(data: Path, parts: Collection[Part] = PARTS, *, small: int = SMALL, large: int = LARGE) -> Report:
    """Measure; without the sample charts only the searches.

    Args:
        data: a folder of gzipped Synthea transactions.
        parts: what to measure.
        small: resources on the small server.
        large: resources on the large one.
    """
    there = data.is_dir()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return Report(
            facts=facts_of(list(samples(data))) if there and "facts" in parts else None,
            loading=_fastest(data, folder) if there and "loading" in parts else None,
            searches=asyncio.run(grown(folder, small, large)) if "searches" in parts else [],
        )


def _fastest(data: Path, folder: Path, turns: int = 3) -> Loading:
    """Load the same into so many new sandboxes; what else the machine does can only slow one down."""
    found = []
    for turn in range(turns):
        (folder / str(turn)).mkdir()
        found.append(asyncio.run(loaded(data, folder / str(turn)))[0])
    return max(found, key=lambda one: one.a_second)


def show(report: Report) -> None:
    """Print the report."""
    console = Console()
    if report.facts:
        one = report.facts
        console.print(
            f"{one.resources} resources: facts {one.facts_seconds:.3f} s, validation {one.validate_seconds:.3f} s, "
            f"{one.factor:.1f} times as long ({one.largest_factor:.1f} times for the largest chart, "
            f"{one.first_factor:.1f} where each is read for the first time); from bytes "
            f"{one.bytes_facts_seconds:.3f} s and {one.bytes_validate_seconds:.3f} s, {one.bytes_factor:.1f} times."
        )
    if report.loading:
        console.print(f"{report.loading.resources} loaded, {report.loading.a_second:.0f} a CPU second.")
    if report.searches:
        table = Table("search", "found", "ms, small", "ms, large", "growth")
        for row in report.searches:
            table.add_row(row.search, str(row.found), f"{row.small_ms:.2f}", f"{row.large_ms:.2f}", f"{row.growth:.2f}")
        console.print(table)
    for sentence in report.missed:
        console.print(sentence, style="red")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    data = Path(os.environ.get("PREROUND_TEST_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data, help="a folder of Synthea bundles, or with one")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; may be given again")
    parser.add_argument("--small", type=int, default=SMALL, help="resources on the small server (%(default)s)")
    parser.add_argument("--large", type=int, default=LARGE, help="resources on the large one (%(default)s)")
    parser.add_argument("--json", type=Path, help="write the report to this file")
    given = parser.parse_args()
    folder = given.data / "synthea" if (given.data / "synthea").is_dir() else given.data
    report = measure(folder, given.part or PARTS, small=given.small, large=given.large)
    show(report)
    if given.json:
        given.json.write_text(json.dumps({**asdict(report), "missed": report.missed}, indent=1) + "\n")
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
