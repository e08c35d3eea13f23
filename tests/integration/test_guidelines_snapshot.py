"""What is due on the Synthea charts as of 1 August 2021, by patient, as a person has reviewed it.

The charts go through the appraisal first, as in a round: what it distrusts triggers and satisfies nothing.
"""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.charts import Sample, samples
from chart.appraisal import appraise
from chart.chart import Chart
from tests.integration.test_guidelines_charts import AS_OF, ROOT
from tools.guidelines.evaluate import evaluate
from tools.guidelines.library import load
from tools.guidelines.outcome import Outcome
from tools.guidelines.worker import PACKAGES, GuidelineWorker

DATA = Path(os.environ.get("PREROUND_TEST_DATA", str(ROOT.parent / "shared" / "data"))) / "synthea"
SNAPSHOT = Path(__file__).with_suffix(".yaml")


@pytest.fixture
def node_modules() -> Path:
    if not all((ROOT / "node_modules" / each).exists() for each in PACKAGES):
        pytest.skip("the npm packages of the CQL engine are not installed (npm ci)")
    if not DATA.exists():
        pytest.skip(f"the Synthea charts are not at {DATA.name} of PREROUND_TEST_DATA")
    return ROOT / "node_modules"


async def outcomes(worker: GuidelineWorker, sample: Sample) -> tuple[Outcome, ...]:
    appraisal = appraise(Chart.build(sample.resources, as_of=AS_OF))
    return await evaluate(
        worker,
        load(),
        list(appraisal.chart.resources.values()),
        as_of=AS_OF,
        doubtful=appraisal.doubtful,
        ingredients={
            order.reference: tuple(sorted(course.drug.substances))
            for course in appraisal.courses
            for order in course.orders
        },
    )


async def test_what_is_due_is_what_was_reviewed(node_modules: Path) -> None:
    reviewed = yaml.safe_load(SNAPSHOT.read_text())
    found: dict[str, Any] = {}
    async with GuidelineWorker(node_modules=node_modules) as worker:
        for sample in samples(DATA):
            listed = await outcomes(worker, sample)
            assert "could_not_check" not in {each.why for each in listed}
            row = {
                why: sorted(each.recommendation.id for each in listed if each.why == why)
                for why in ("due", "done", "withheld", "silent")
            }
            found[sample.patient[:8]] = {why: ids for why, ids in row.items() if ids}
    assert {key: value for key, value in found.items() if key in reviewed} == reviewed


async def test_nothing_for_a_child_or_the_deceased_and_nothing_already_done(node_modules: Path) -> None:
    async with GuidelineWorker(node_modules=node_modules) as worker:
        for sample in samples(DATA):
            (patient,) = [each for each in sample.resources if each["resourceType"] == "Patient"]
            listed = await outcomes(worker, sample)
            due = {each.recommendation.id for each in listed if each.why == "due"}
            if "deceasedDateTime" in patient or patient["birthDate"] > "2003-08-01":
                assert not due
            vaccines = [
                each["vaccineCode"]["coding"][0]["code"]
                for each in sample.resources
                if each["resourceType"] == "Immunization" and each["occurrenceDateTime"] < "2021-08-01"
            ]
            if "zoster-vaccine" in due:
                assert vaccines.count("187") < 2
            screened = [
                each
                for each in sample.resources
                if each["resourceType"] == "Procedure"
                and each["code"]["coding"][0]["code"] in {"73761001", "310634005"}
                and "2011-08-01" < each["performedPeriod"]["end"] < "2021-08-01"
            ]
            if screened:
                assert not {"colorectal-screening-45", "colorectal-screening-50"} & due
