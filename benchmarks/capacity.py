"""From what one round costs to what a hospital's year and a night need, what breaks first, and at which size.

    python -m benchmarks.capacity [--data PATH] [--json FILE] [--seed N] [--prefill N] [--decode N] [--reply SECONDS]

Rounds of the stories, and of the largest sample chart where there is one, are run and billed first: CPU, requests,
bytes, tokens, transactions. What a model server and a hospital's FHIR server can do is stated, not measured, and can be
given. Then the deployments are worked out, and simulated event by event at loads below and above what they can take.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.chart_page import charts, stories
from benchmarks.forecast import Forecast, forecast
from benchmarks.metering import bills_of
from benchmarks.plant import Given


def tables_of(report: Forecast) -> tuple[Table, ...]:
    """The report for a terminal."""
    needs = Table("goal", "model", "rounds/s", "worker cores", "model servers", "FHIR requests/s", "GB", "reviewers")
    for n in report.needs:
        figures = str(n.plant.workers), str(n.plant.model_servers), f"{n.fhir_requests_a_second:.0f}"
        kept = f"{n.kept_gigabytes:,.0f}", f"{n.reviewers:,.0f}"
        needs.add_row(n.goal, "yes" if n.model else "no", f"{n.rounds_a_second:.2f}", *figures, *kept)
    far = Table("deployment", "breaks first", "rounds/s", "charts a night", "kept up at 90 %", "at 120 %")
    for limit in report.limits:
        kept = f"{limit.below:.0%}", f"{limit.above:.0%}"
        rates = f"{limit.rounds_a_second:.2f}", f"{limit.a_night:,}"
        far.add_row(limit.plant.name, limit.breaks, *rates, *kept)
    waits = Table("load", "half wait at most", "95 % wait at most")
    for w in report.waits:
        waits.add_row(f"{w.share:.0%}", f"{w.median:.0f} s", f"{w.most:.0f} s")
    return needs, far, waits


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, work out, simulate, print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.capacity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = Path(os.environ.get("PREROUND_TEST_DATA", "../shared/data"))
    own = Given()
    parser.add_argument("--data", type=Path, default=data, help="folder that holds synthea/; the stories alone without")
    parser.add_argument("--json", type=Path, help="write the report as JSON")
    parser.add_argument("--seed", type=int, default=1, help="of the simulation; default %(default)s")
    for name, words, default in (
        ("prefill", "prompt tokens a model server reads a second", own.prefill_a_second),
        ("decode", "tokens it writes a second, all sequences together", own.decode_a_second),
        ("reply", "seconds from a FHIR request to its answer", own.fhir_reply_seconds),
    ):
        parser.add_argument(f"--{name}", type=float, default=default, help=f"{words}; default %(default)s")
    asked = parser.parse_args(arguments)
    given = replace(own, prefill_a_second=asked.prefill, decode_a_second=asked.decode, fhir_reply_seconds=asked.reply)
    told = list(stories())
    told += sorted(charts(asked.data), key=lambda s: len(s.resources))[-1:] if (asked.data / "synthea").is_dir() else []
    with tempfile.TemporaryDirectory() as folder:
        report = forecast(asyncio.run(bills_of(Path(folder), told)), given, asked.seed)
    console = Console(width=None if sys.stdout.isatty() else 130)
    for table in tables_of(report):
        console.print(table)
    if asked.json:
        asked.json.write_text(json.dumps(asdict(report), indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
