"""How much of other makers' charts is understood, by resource type: the table of docs/fhir.md.

    python -m benchmarks.understood [--data PATH]

Each resource is read beside a bare patient. It gives facts; or it is left out for a reason that the page of a round
names; or it only explains others, as a Medication or a Practitioner does.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.charts import converted, us_core
from chart.chart import Chart
from chart.extract.dispatch import POINTED_AT

_PATIENT = {"resourceType": "Patient", "id": "understood"}
_LATE = datetime(2100, 1, 1, tzinfo=UTC)
_WHY = {
    "entered-in-error": "entered in error",
    "cancelled": "a result that never came",
    "not_understood": "not understood",
    "not_read": "of a type that is not read",
}


def outcome(resource: Mapping[str, Any]) -> str:
    """``facts``, or why it gives none."""
    kind = resource["resourceType"]
    chart = Chart.build([resource] if kind == "Patient" else [_PATIENT, resource], as_of=_LATE)
    if chart.facts or kind == "Patient":
        return "facts"
    for reason in chart.left_out:
        return _WHY.get(reason, reason)
    return "only explaining others" if kind in POINTED_AT else "nobody’s"


def table(resources: Iterable[Mapping[str, Any]]) -> str:
    """Markdown rows, the most frequent types first."""
    found: dict[str, Counter[str]] = {}
    for each in resources:
        found.setdefault(each["resourceType"], Counter())[outcome(each)] += 1
    rows = ["| type | resources | give facts | share | the others |", "|---|---:|---:|---:|---|"]
    for kind, seen in sorted(found.items(), key=lambda row: (-row[1].total(), row[0])):
        facts = seen.pop("facts", 0)
        count = facts + seen.total()
        others = ", ".join(f"{number} {why}" for why, number in seen.most_common())
        rows.append(f"| {kind} | {count} | {facts} | {100 * facts / count:.0f} % | {others} |")
    return "\n".join(rows) + "\n"


def measured(data: Path) -> dict[str, str]:
    """The tables by their heading.

    Args:
        data: the folder that holds ``messy/``.
    """
    return {
        "US Core examples": table(us_core(data / "messy" / "us-core-examples.tar.gz")),
        "Converted C-CDA documents": table(converted(data / "messy" / "ccda")),
    }


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    data = Path(os.environ.get("PREROUND_TEST_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data, help="the folder that holds `messy/`")
    for heading, rows in measured(parser.parse_args().data).items():
        sys.stdout.write(f"### {heading}\n\n{rows}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
