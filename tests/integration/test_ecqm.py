"""The published CMS measures on their published cases."""

import gzip
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evals.ecqm import cases, library_of, run
from tests.unit.guidelines.fqm import second_opinion
from tools.guidelines.measure_library import MeasureLibrary
from tools.guidelines.measures import measure
from tools.guidelines.worker import PACKAGES, GuidelineWorker

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("PREROUND_TEST_DATA", str(ROOT.parent / "shared" / "data"))) / "ecqm"

EVERY = int(os.environ.get("TEST_FQM_EVERY", "16"))
"""Each so manieth case goes to fqm-execution too, which takes a third of a second a case; 1 is all of them."""


@pytest.fixture
def node_modules() -> Path:
    if not all((ROOT / "node_modules" / each).exists() for each in PACKAGES):
        pytest.skip("the npm packages of the CQL engine are not installed (npm ci)")
    if not DATA.exists():
        pytest.skip(f"the published measures are not at {DATA.name} of PREROUND_TEST_DATA")
    return ROOT / "node_modules"


async def test_every_case_as_published(node_modules: Path) -> None:
    found = await run(DATA, node_modules=node_modules)
    assert [each for each in found["cases"] if not each["ok"]] == []
    assert found["passed"] == found["total"] > 0


async def test_charts_without_profile_tags(node_modules: Path) -> None:
    """One case tags refused orders as orders and counts them as done; a chart of ours never does."""
    found = await run(DATA, node_modules=node_modules, without_profiles=True)
    differ = [each["id"].partition("/")[0] for each in found["cases"] if not each["ok"]]
    assert len(differ) <= 2
    assert set(differ) <= {"PCSBPScreeningFollowUpFHIR"}


def published(name: str, library: MeasureLibrary) -> dict[str, Any]:
    """A measure with the value sets that it names; one that exists nowhere is empty, or fqm-execution refuses all."""
    bundle: dict[str, Any] = json.loads(gzip.decompress((DATA / "measures" / f"{name}.json.gz").read_bytes()))
    (found,) = [each for each in library.measures if each.id == name]
    named = {
        one["id"]
        for key in found.elm
        for one in json.loads(library.elm[key])["library"].get("valueSets", {}).get("def", ())
    }
    sets = {each.url: each.codes for each in library.value_sets}
    entries = [
        {
            "resource": {
                "resourceType": "ValueSet",
                "url": url,
                "expansion": {"contains": [{"code": code, "system": system} for code, system in sets.get(url, ())]},
            }
        }
        for url in sorted(named)
    ]
    return {**bundle, "entry": [*bundle["entry"], *entries]}


async def test_fqm_execution_counts_the_same(node_modules: Path) -> None:
    """Its counts are right with the profile tags believed; its gaps are not, so they are not compared."""
    some = list(cases(DATA))[::EVERY]
    library = library_of(DATA)
    asked: list[Mapping[str, Any]] = []
    for name in sorted({each.measure for each in some}):
        patients = [
            {
                "id": f"{name}/{each.id}",
                "start": each.start.date().isoformat(),
                "end": each.end.date().isoformat(),
                "bundle": {"resourceType": "Bundle", "entry": [{"resource": one} for one in each.resources]},
            }
            for each in some
            if each.measure == name
        ]
        asked.append({"bundle": published(name, library), "patients": patients, "trust": True})
    other = second_opinion(node_modules, asked)
    async with GuidelineWorker(node_modules=node_modules, seconds=120, megabytes=1024) as worker:
        for case in some:
            (report,) = await measure(
                worker,
                library,
                case.resources,
                start=case.start,
                end=case.end,
                as_of=case.end,
                names=[case.measure],
                trust_profiles=True,
            )
            assert [dict(each.counts) for each in report.rates] == other[f"{case.measure}/{case.id}"], case.id
