"""Charts to measure on: of a folder of bundles or of the invented stories, and as a round would read them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from agents.plan import MUST_LOOK
from agents.reasoner import Brief, Material
from chart.appraisal import Appraisal, appraise
from chart.chart import Chart
from claims.claim import Task
from fhir_fixtures.bundles import bundles
from tools.evidence import Coverage
from tools.fhir import wire

Resource = dict[str, Any]


def charts(data: Path | None) -> Iterator[tuple[Resource, ...]]:
    """The charts of a folder, file by file in name order; those of the invented stories without one.

    Args:
        data: a folder with FHIR bundles of one patient each, `.json` or `.json.gz`; bundles without a patient are
            left out.

    Raises:
        FileNotFoundError: no file of the folder holds a patient.
        ValueError: a file is no JSON.
    """
    if data is None:
        texts: Iterator[str] = (bundle.decode() for _, bundle in bundles())
    else:
        files = sorted(f for f in data.iterdir() if f.name.endswith((".json", ".json.gz")))
        texts = (_text(f) for f in files)
    found = 0
    for text in texts:
        resources = bundle_resources(text)
        if any(r.get("resourceType") == "Patient" for r in resources):
            found += 1
            yield resources
    if not found:
        raise FileNotFoundError(f"no patient is in {data.name if data else 'it'}: give FHIR bundles, one a patient")


def _text(file: Path) -> str:
    content = file.read_bytes()
    return (gzip.decompress(content) if file.suffix == ".gz" else content).decode("utf-8-sig")


def bundle_resources(text: str) -> tuple[Resource, ...]:
    """The resources of a bundle, numbers as Decimal, references by `fullUrl` rewritten to `Type/id`."""
    entries = [e for e in wire.parse(text).get("entry", ()) if "resource" in e]
    names = {e.get("fullUrl", ""): f"{e['resource']['resourceType']}/{e['resource'].get('id')}" for e in entries}
    return tuple(_rewritten(e["resource"], names) for e in entries)


def _rewritten(node: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(node, dict):
        return {
            k: names.get(v, v) if k == "reference" and isinstance(v, str) else _rewritten(v, names)
            for k, v in node.items()
        }
    if isinstance(node, list):
        return [_rewritten(v, names) for v in node]
    return node


def material_of(resources: Sequence[Mapping[str, Any]], *, as_of: datetime, tasks: tuple[Task, ...]) -> Material:
    """A chart as a round would have read it, all of it."""
    appraisal = appraise(Chart.build(resources, as_of=as_of))
    return Material(brief=Brief(tasks=tasks), appraisal=appraisal, coverage=all_read(appraisal))


def all_read(appraisal: Appraisal) -> dict[str, Coverage]:
    """The lines of a round in which every read went well."""
    return {
        f"c{n}": Coverage(
            id=f"c{n}",
            tool="fhir_read",
            query=f"{kind}?patient=…",
            found=appraisal.chart.counts.get(kind, 0),
            truncated=False,
            error=None,
        )
        for n, kind in enumerate(MUST_LOOK, start=1)
    }
