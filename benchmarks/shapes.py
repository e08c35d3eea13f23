"""What becomes of other makers' resources: by type, how many give facts, and for each of the rest why it gives none.

``python -m benchmarks.shapes --data PATH [--json FILE]``; PATH is a folder of FHIR JSON (also .gz, .tar.gz, NDJSON,
bundles). Exits 1 where a resource neither gives facts nor is named with a reason.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chart.chart import Chart
from chart.extract.dispatch import POINTED_AT
from tools.fhir import wire

Resource = Mapping[str, Any]
SOMEBODY: Resource = {"resourceType": "Patient", "id": "somebody"}
LATE = datetime(2200, 1, 1, tzinfo=UTC)
"""After everything, so that nothing is left out as later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What became of the resources of one type."""

    type: str
    """The resource type."""
    resources: int
    """How many there were."""
    give_facts: int
    """How many give at least one fact."""
    facts: int
    """Facts in all."""
    others: Mapping[str, int]
    """The rest by reason; `explains others` for what only other resources point at."""

    @property
    def unnamed(self) -> int:
        """Those that neither give facts nor have a reason."""
        return self.resources - self.give_facts - sum(self.others.values())


def resources_in(folder: Path) -> Iterator[tuple[Resource, ...]]:
    """The resources of every file, those of one bundle together.

    Raises:
        FileNotFoundError: when there is none.
    """
    files = [f for f in sorted(folder.rglob("*")) if (f.is_file() and ".json" in f.name) or f.name.endswith(_PACKED)]
    if not files:
        raise FileNotFoundError(f"There is no FHIR JSON in {folder}; give its folder with --data.")
    for file in files:
        for text in _texts(file):
            yield tuple(_flat(wire.parse(text)))


_PACKED = (".ndjson", ".ndjson.gz", ".tar.gz")


def _texts(file: Path) -> Iterator[bytes]:
    if file.name.endswith(".tar.gz"):
        with tarfile.open(file) as archive:
            for member in archive:
                inside = archive.extractfile(member)
                if inside is not None and member.name.endswith(".json"):
                    yield inside.read()
        return
    raw = gzip.decompress(file.read_bytes()) if file.name.endswith(".gz") else file.read_bytes()
    yield from (line for line in raw.splitlines() if line.strip()) if "ndjson" in file.name else (raw,)


def _flat(value: Any) -> Iterator[Resource]:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict) and isinstance(value.get("resourceType"), str):
        if value["resourceType"] != "Bundle":
            yield value
        for entry in value.get("entry", ()) if value["resourceType"] == "Bundle" else ():
            yield from _flat(entry.get("resource"))


def shapes(groups: Iterable[tuple[Resource, ...]]) -> list[Shape]:
    """What becomes of each resource; those of one bundle may point at each other."""
    seen: Counter[str] = Counter()
    gave: Counter[str] = Counter()
    facts: Counter[str] = Counter()
    others: dict[str, Counter[str]] = {}
    for group in groups:
        pointed_at = [r for r in group if r["resourceType"] in POINTED_AT]
        for resource in group:
            kind = str(resource["resourceType"])
            seen[kind] += 1
            count, reason = _became(resource, pointed_at)
            facts[kind] += count
            gave[kind] += count > 0
            if not count and reason:
                others.setdefault(kind, Counter())[reason] += 1
    return [
        Shape(type=k, resources=seen[k], give_facts=gave[k], facts=facts[k], others=dict(others.get(k, {})))
        for k in sorted(seen)
    ]


def _became(resource: Resource, pointed_at: Iterable[Resource]) -> tuple[int, str | None]:
    """How many facts it gives, or why none; alone beside somebody, so that nothing else speaks for it."""
    kind = resource["resourceType"]
    named = {"id": "nameless", **resource}
    person = () if kind == "Patient" else (SOMEBODY,)
    chart = Chart.build([*person, *pointed_at, named], as_of=LATE)
    reference = f"{kind}/{named['id']}"
    if kind == "Patient":
        return 1, None
    count = sum(fact.reference == reference for fact in chart.facts)
    reason = next((str(why) for why, found in chart.left_out.items() if reference in found), None)
    return count, reason or ("explains others" if kind in POINTED_AT else None)


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 where something is lost without a word."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shapes", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder of FHIR JSON")
    parser.add_argument("--json", type=Path, help="write the figures there")
    asked = parser.parse_args(arguments)
    found = shapes(resources_in(asked.data))
    table = Table("type", "resources", "give facts", "share", "facts", "the others")
    for one in found:
        share = f"{one.give_facts / one.resources:.0%}"
        why = ", ".join(f"{count} {reason}" for reason, count in one.others.items())
        table.add_row(one.type, str(one.resources), str(one.give_facts), share, str(one.facts), why)
    Console().print(table)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(one) for one in found], indent=2))
    return 1 if any(one.unnamed for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
