"""How fast measures and recommendations are evaluated, beside the reference engine and stock fqm-execution, in one run.

    python -m benchmarks.guidelines [--data PATH] [--fqm NODE_MODULES] [--json FILE]

For each published case, milliseconds of CPU time for one patient and one measure: ours, plain `cql-execution` with
`cql-exec-fhir`, and `fqm-execution` as it comes, where it is installed (a development dependency). Then CPU seconds
of the worker for all measures, and for our own recommendations, on the largest Synthea chart after warm-up.
"""

import argparse
import asyncio
import gzip
import json
import os
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console

from benchmarks.charts import samples
from evals.ecqm import cases, library_of
from tools.guidelines.evaluate import evaluate
from tools.guidelines.library import load
from tools.guidelines.measure import Measure
from tools.guidelines.measure_library import MeasureLibrary
from tools.guidelines.measures import measure
from tools.guidelines.node import WORKER_FOLDER, node_binary
from tools.guidelines.worker import GuidelineWorker, for_engine

AS_OF = datetime(2021, 8, 1, tzinfo=UTC)
SCRIPT = Path(__file__).with_suffix(".mjs")
TICKS = os.sysconf("SC_CLK_TCK")


def medians(data: Path, *, node_modules: Path, fqm: Path | None) -> dict[str, Any]:
    """Median and 95th percentile of CPU milliseconds by engine, and how many times faster ours is on the same cases."""
    command = [str(node_binary()), str(SCRIPT), str(node_modules), str(WORKER_FOLDER)] + ([str(fqm)] if fqm else [])
    ran = subprocess.run(  # noqa: S603 - our script, our folders
        command, input=b"\n".join(_lines(data)), stdout=subprocess.PIPE, check=True, env={"TZ": "UTC"}, timeout=1800
    )
    times: dict[str, dict[str, float]] = orjson.loads(ran.stdout)
    found: dict[str, Any] = {}
    for engine, by_case in times.items():
        same = [times["ours"][case] for case in by_case]
        values = sorted(by_case.values())
        found[engine] = {
            "cases": len(values),
            "median_ms": round(statistics.median(values), 2),
            "p95_ms": round(values[int(len(values) * 0.95)], 2),
            "ours_is_faster": round(statistics.median(values) / statistics.median(same), 1),
        }
    return found


def _lines(data: Path) -> Iterator[bytes]:
    library = library_of(data)
    sets = [{"url": each.url, "version": each.version, "codes": each.codes} for each in library.value_sets]
    yield orjson.dumps({"valueSets": sets})
    urls = {each.id: each.url for each in library.measures}
    for each in library.measures:
        yield orjson.dumps(_measure(data, library, each))
    rows = [
        {
            "id": f"{case.measure}/{case.id}",
            "measure": urls[case.measure],
            "start": case.start.isoformat(timespec="milliseconds"),
            "end": case.end.isoformat(timespec="milliseconds"),
            "resources": case.resources,
            "bundle": {"resourceType": "Bundle", "entry": [{"resource": each} for each in case.resources]},
        }
        for case in cases(data)
    ]
    yield orjson.dumps({"cases": rows})


def _measure(data: Path, library: MeasureLibrary, found: Measure) -> Mapping[str, Any]:
    path = next((data / "measures").glob(f"{found.id}.json*"))
    raw = path.read_bytes()
    elm = [library.elm[key] for key in found.elm]
    return {
        "measure": for_engine(found),
        "libraries": [{"key": key, "elm": library.elm[key].decode()} for key in found.elm],
        "published": [orjson.loads(each) for each in elm],
        "bundle": orjson.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw),
    }


async def cpu(data: Path, *, node_modules: Path, rounds: int = 5) -> dict[str, float]:
    """CPU seconds of the worker on the largest Synthea chart after two warm-up calls: all measures; our own library."""
    largest = max(samples(data / "synthea"), key=lambda each: len(each.resources)).resources
    measures, own = library_of(data / "ecqm"), load()
    start, end = datetime(2021, 1, 1, tzinfo=UTC), datetime(2021, 12, 31, 23, 59, 59, tzinfo=UTC)
    used: dict[str, list[float]] = {"measures": [], "own": []}
    async with GuidelineWorker(node_modules=node_modules, seconds=120, megabytes=1024) as worker:
        for _ in range(2 + rounds):
            before = _cpu(worker)
            await measure(worker, measures, largest, start=start, end=end, as_of=AS_OF)
            middle = _cpu(worker)
            await evaluate(worker, own, largest, as_of=AS_OF, doubtful=frozenset())
            used["measures"].append(middle - before)
            used["own"].append(_cpu(worker) - middle)
    return {name: round(statistics.median(values[2:]), 3) for name, values in used.items()}


def _cpu(worker: GuidelineWorker) -> float:
    """User and system seconds of the worker so far; none before it runs."""
    if worker.pid is None:
        return 0.0
    fields = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measures and recommendations beside other engines.")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PREROUND_TEST_DATA", "../shared/data")))
    parser.add_argument("--node-modules", type=Path, default=Path("node_modules"))
    parser.add_argument(
        "--fqm", type=Path, help="npm packages with fqm-execution; those of --node-modules if it is there"
    )
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    node_modules = given.node_modules.resolve()
    fqm = (given.fqm or node_modules).resolve()
    found = {
        "name": "guidelines",
        "engines": medians(
            given.data / "ecqm", node_modules=node_modules, fqm=fqm if (fqm / "fqm-execution").exists() else None
        ),
        "cpu_seconds": asyncio.run(cpu(given.data, node_modules=node_modules)),
    }
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    Console().print_json(data=found)


if __name__ == "__main__":
    main()
