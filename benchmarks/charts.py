"""The sample charts as resources that a chart can be built from, without a server."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.charts import bundle_resources
from tools.fhir import wire


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
        resources = bundle_resources(text)
        for resource in resources:
            resource["meta"] = {**resource.get("meta", {}), "versionId": "1"}
        patient = next(r["id"] for r in resources if r["resourceType"] == "Patient")
        yield Sample(patient=patient, resources=resources)


def us_core(archive: Path) -> Iterator[dict[str, Any]]:
    """The resources of the US Core examples, those in bundles too."""
    with tarfile.open(archive) as opened:
        for member in opened:
            file = opened.extractfile(member)
            if file is not None and member.name.endswith(".json"):
                yield from unbundled(wire.parse(file.read()))


def converted(folder: Path) -> Iterator[dict[str, Any]]:
    """The resources of C-CDA documents that a converter made into gzipped bundles."""
    for path in sorted(folder.glob("*.json.gz")):
        yield from unbundled(wire.parse(gzip.decompress(path.read_bytes())))


def unbundled(resource: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any JSON value
    """The resource, or those of a bundle and of bundles in it."""
    if isinstance(resource, dict) and resource.get("resourceType") == "Bundle":
        for entry in resource.get("entry", []):
            yield from unbundled(entry.get("resource"))
    elif isinstance(resource, dict):
        yield resource
