"""Measures of each kind: proportion, ratio, continuous variable, cohort; of patients, of visits; strata; composite."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.guidelines.fqm import second_opinion
from tools.guidelines.compile import TRANSLATOR, translate
from tools.guidelines.measure_library import MeasureLibrary, read_measures
from tools.guidelines.measures import Rate, measure
from tools.guidelines.worker import GuidelineWorker

pytestmark = pytest.mark.asyncio(loop_scope="module")

START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
CQM = "http://hl7.org/fhir/us/cqfmeasures/StructureDefinition/cqfm-"
CQL = """library Kinds version '1.0.0'
using FHIR version '4.0.1'
parameter "Measurement Period" Interval<DateTime>
context Patient
define "Visits": [Encounter] E where E.status.value = 'finished'
define "Short Visits": "Visits" E where E.period.end.value on or before E.period.start.value + 1 day
define "Long Visits": "Visits" E where E.period.end.value after E.period.start.value + 1 day
define "Virtual Visits": "Visits" E where E.class.code.value = 'VR'
define "Everybody": true
define "Nobody": false
define "Has Visits": exists "Visits"
define "Has Long Visits": exists "Long Visits"
define "Is Woman": Patient.gender.value = 'female'
define function "Hours"(visit FHIR.Encounter):
  difference in hours between visit.period.start.value and visit.period.end.value
define function "How Many"(): Count("Visits")
"""
POPULATION = Mapping[str, Any]


def population(code: str, define: str, **more: Any) -> dict[str, Any]:
    return {
        "id": more.pop("id", code),
        "code": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/measure-population", "code": code}]},
        "criteria": {"language": "text/cql-identifier", "expression": define},
        **more,
    }


def of(identity: str) -> dict[str, Any]:
    return {
        "extension": [
            {"url": f"{CQM}criteriaReference", "valueString": identity},
            {"url": f"{CQM}aggregateMethod", "valueString": "Sum"},
        ]
    }


def resource(scoring: str, basis: str, *populations: POPULATION, **more: Any) -> dict[str, Any]:
    """A measure of one group."""
    concept = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/measure-scoring", "code": scoring}]}
    return {
        "resourceType": "Measure",
        "id": "Kinds",
        "name": "Kinds",
        "url": "http://example.org/Measure/Kinds",
        "version": "1",
        "status": "active",
        "library": ["http://example.org/Library/Kinds"],
        "scoring": concept,
        "group": [
            {
                "id": "g",
                "extension": [{"url": f"{CQM}populationBasis", "valueCode": basis}],
                "population": list(populations),
                **more,
            }
        ],
    }


@pytest.fixture(scope="module")
def elm(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    if not (node_modules / TRANSLATOR).exists():
        pytest.skip(f"the CQL translator {TRANSLATOR} is not installed (npm ci without --omit=dev)")
    folder = tmp_path_factory.mktemp("cql")
    (folder / "Kinds.cql").write_text(CQL)
    return json.dumps(translate(folder, node_modules=node_modules)["Kinds"]).encode()


def bundle(found: Mapping[str, Any], elm: bytes) -> dict[str, Any]:
    library = {
        "resourceType": "Library",
        "id": "Kinds",
        "name": "Kinds",
        "version": "1.0.0",
        "url": "http://example.org/Library/Kinds",
        "status": "active",
        "content": [{"contentType": "application/elm+json", "data": base64.b64encode(elm).decode()}],
    }
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in (found, library)]}


def visit(identity: str, start: str, end: str, **more: Any) -> dict[str, Any]:
    period = {"start": f"{start}+00:00", "end": f"{end}+00:00"}
    kind = {"code": "AMB"}
    return {
        "resourceType": "Encounter",
        "id": identity,
        "status": "finished",
        "class": kind,
        "period": period,
        "subject": {"reference": "Patient/p"},
        **more,
    }


SHORT = visit("short", "2025-02-01T08:00:00", "2025-02-01T11:00:00")
LONG = visit("long", "2025-03-01T08:00:00", "2025-03-04T08:00:00")
VIRTUAL = visit("virtual", "2025-04-01T08:00:00", "2025-04-01T09:00:00", **{"class": {"code": "VR"}})
PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1970-01-01", "gender": "female"}
CHARTS: Mapping[str, list[Mapping[str, Any]]] = {
    "three visits": [SHORT, LONG, VIRTUAL],
    "one short": [SHORT],
    "one long": [LONG],
    "none": [],
}
KINDS: Mapping[str, Mapping[str, Any]] = {
    "proportion of visits": resource(
        "proportion",
        "Encounter",
        population("initial-population", "Visits"),
        population("denominator", "Visits"),
        population("denominator-exclusion", "Virtual Visits"),
        population("numerator", "Short Visits"),
    ),
    "proportion of patients with numerator exclusion": resource(
        "proportion",
        "boolean",
        population("initial-population", "Everybody"),
        population("denominator", "Has Visits"),
        population("numerator", "Has Visits"),
        population("numerator-exclusion", "Has Long Visits"),
    ),
    "ratio whose numerator is no part of its denominator": resource(
        "ratio",
        "Encounter",
        population("initial-population", "Visits"),
        population("denominator", "Long Visits"),
        population("numerator", "Short Visits"),
    ),
    "ratio of patients": resource(
        "ratio",
        "boolean",
        population("initial-population", "Everybody"),
        population("denominator", "Has Visits"),
        population("denominator-exclusion", "Has Long Visits"),
        population("numerator", "Has Visits"),
    ),
    "continuous variable": resource(
        "continuous-variable",
        "Encounter",
        population("initial-population", "Visits"),
        population("measure-population", "Visits"),
        population("measure-population-exclusion", "Virtual Visits"),
        population("measure-observation", "Hours", **of("measure-population")),
    ),
    "cohort": resource("cohort", "boolean", population("initial-population", "Has Visits")),
}


def read(tmp_path: Path, found: Mapping[str, Any], elm: bytes) -> MeasureLibrary:
    (tmp_path / "kinds.json").write_text(json.dumps(bundle(found, elm)))
    return read_measures([tmp_path])


async def rate(worker: GuidelineWorker, library: MeasureLibrary, chart: list[Mapping[str, Any]]) -> Rate:
    (report,) = await measure(worker, library, [PATIENT, *chart], start=START, end=END, as_of=END)
    assert report.failure is None
    return report.rates[0]


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_counts_as_fqm_execution_does(
    kind: str, worker: GuidelineWorker, elm: bytes, node_modules: Path, tmp_path: Path
) -> None:
    library = read(tmp_path, KINDS[kind], elm)
    patients = [
        {
            "id": name,
            "start": "2025-01-01",
            "end": "2025-12-31",
            "bundle": {
                "resourceType": "Bundle",
                "entry": [{"resource": each} for each in (PATIENT, *chart)],
            },
        }
        for name, chart in CHARTS.items()
    ]
    other = second_opinion(node_modules, [{"bundle": bundle(KINDS[kind], elm), "patients": patients, "trust": False}])
    for name, chart in CHARTS.items():
        counts = dict((await rate(worker, library, chart)).counts)
        expected = dict(other[name][0])
        assert counts == expected, name


async def test_a_continuous_variable_observes_who_is_not_excluded(
    worker: GuidelineWorker, elm: bytes, tmp_path: Path
) -> None:
    library = read(tmp_path, KINDS["continuous variable"], elm)
    found = await rate(worker, library, CHARTS["three visits"])
    assert found.counts == {
        "initial-population": 3,
        "measure-population": 3,
        "measure-population-exclusion": 1,
        "measure-observation": 2,
    }
    assert sorted(map(float, found.observations)) == [3, 72]
    assert (found.standing, found.gaps) == ("no_rate", ())
    assert (await rate(worker, library, [])).observations == ()


async def test_a_ratio_may_have_two_initial_populations_and_observe_both_sides(
    worker: GuidelineWorker, elm: bytes, tmp_path: Path
) -> None:
    def belongs(identity: str) -> dict[str, Any]:
        return {"extension": [{"url": f"{CQM}criteriaReference", "valueString": identity}]}

    found = resource(
        "ratio",
        "Encounter",
        population("initial-population", "Long Visits", id="ip-long"),
        population("initial-population", "Visits", id="ip-all"),
        population("denominator", "Visits", **belongs("ip-long")),
        population("numerator", "Visits", **belongs("ip-all")),
        population("measure-observation", "Hours", id="of-denominator", **of("denominator")),
        population("measure-observation", "Hours", id="of-numerator", **of("numerator")),
    )
    got = await rate(worker, read(tmp_path, found, elm), CHARTS["three visits"])
    assert (got.counts["denominator"], got.counts["numerator"], got.counts["initial-population"]) == (1, 3, 3)
    assert sorted(map(float, got.observations)) == [1, 3, 72, 72]


async def test_of_a_patient_one_value_is_observed(worker: GuidelineWorker, elm: bytes, tmp_path: Path) -> None:
    found = resource(
        "continuous-variable",
        "boolean",
        population("initial-population", "Everybody"),
        population("measure-population", "Has Visits"),
        population("measure-observation", "How Many", **of("measure-population")),
    )
    library = read(tmp_path, found, elm)
    assert (await rate(worker, library, CHARTS["three visits"])).observations == (3,)
    assert (await rate(worker, library, [])).counts["measure-observation"] == 0


async def test_strata_are_said_and_one_that_errs_stops_nothing(
    worker: GuidelineWorker, elm: bytes, tmp_path: Path
) -> None:
    strata = [
        {"id": "women", "criteria": {"expression": "Is Woman"}},
        {"code": {"text": "virtual"}, "criteria": {"expression": "Virtual Visits"}},
        {"id": "gone", "criteria": {"expression": "Not There"}},
        {"id": "by component", "component": [{"criteria": {"expression": "Is Woman"}}]},
    ]
    populations = KINDS["proportion of visits"]["group"][0]["population"]
    got = await rate(
        worker, read(tmp_path, resource("proportion", "Encounter", *populations, stratifier=strata), elm), [SHORT]
    )
    assert got.strata == {"women": True, "virtual": False, "gone": None}
    assert got.counts["numerator"] == 1


async def test_supplemental_data_is_not_asked(worker: GuidelineWorker, elm: bytes, tmp_path: Path) -> None:
    found = {**KINDS["cohort"], "supplementalData": [{"criteria": {"expression": "Not There"}}]}
    assert (await rate(worker, read(tmp_path, found, elm), [SHORT])).counts == {"initial-population": 1}


async def test_a_composite_names_its_parts(elm: bytes, tmp_path: Path) -> None:
    found = {
        **resource("composite", "boolean"),
        "library": [],
        "relatedArtifact": [{"type": "composed-of", "resource": "http://example.org/Measure/Other|1"}],
    }
    assert read(tmp_path, found, elm).broken == {
        "Kinds": "the measure Kinds is made of others: http://example.org/Measure/Other|1"
    }


async def test_criteria_that_are_no_define_are_named(elm: bytes, tmp_path: Path) -> None:
    written = population(
        "initial-population", "Patient.active", criteria={"language": "text/fhirpath", "expression": "x"}
    )
    broken = read(tmp_path, resource("cohort", "boolean", written), elm).broken
    assert "text/fhirpath" in broken["Kinds"]
