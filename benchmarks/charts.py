"""The sample charts as resources that a chart can be built from, without a server."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One patient's bundle."""

    patient: str
    """The patient's id."""
    resources: tuple[dict[str, Any], ...]
    """The resources, references rewritten to ``Type/id``, each at version 1."""


def samples(folder: Path) -> Iterator[Sample]:
    """Every patient bundle of a folder of gzipped Synthea transactions, in name order.

    Raises:
        FileNotFoundError: when there is none.
    """
    files = [f for f in sorted(folder.glob("*.json.gz")) if not f.name.startswith("0-")]
    if not files:
        raise FileNotFoundError(f"There are no charts in {folder}; give their folder with --data.")
    for file in files:
        text = gzip.decompress(file.read_bytes()).decode()
        entries = json.loads(text, parse_float=Decimal)["entry"]
        names = {e["fullUrl"]: f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in entries}
        resources = [_rewritten(e["resource"], names) for e in entries]
        for resource in resources:
            resource["meta"] = {**resource.get("meta", {}), "versionId": "1"}
        patient = next(r["id"] for r in resources if r["resourceType"] == "Patient")
        yield Sample(patient=patient, resources=tuple(resources))


def _rewritten(node: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(node, dict):
        return {
            k: names.get(v, v) if k == "reference" and isinstance(v, str) else _rewritten(v, names)
            for k, v in node.items()
        }
    if isinstance(node, list):
        return [_rewritten(v, names) for v in node]
    return node
