"""Measures: read from bundles, populations, gaps in both directions, negation, and what cannot be checked."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tools.guidelines.compile import TRANSLATOR, translate
from tools.guidelines.evaluate import evaluate
from tools.guidelines.library import GuidelineLibrary, load
from tools.guidelines.measure_library import MeasureLibrary, curated, read_measures
from tools.guidelines.measures import Report, measure
from tools.guidelines.rules import Rules
from tools.guidelines.worker import GuidelineWorker

pytestmark = pytest.mark.asyncio(loop_scope="module")

START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
QICORE = "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-"
CQL = """library Small version '1.0.0'
using FHIR version '4.0.1'
valueset "Statins": 'urn:test:statins'
valueset "Nobody has it": 'urn:test:missing'
parameter "Measurement Period" Interval<DateTime>
context Patient
define "Orders": [MedicationRequest: "Statins"] M where M.status.value = 'active'
define "Initial Population": AgeInYearsAt(date from start of "Measurement Period") >= 40
define "Denominator": "Initial Population"
define "Exclusion": exists ([Condition] C where C.code.text.value = 'hospice')
define "Exception": exists ([AllergyIntolerance])
define "Numerator": exists "Orders"
define "Errs": exists ([MedicationRequest: "Nobody has it"])
"""
DEFINES = {
    "initial-population": "Initial Population",
    "denominator": "Denominator",
    "denominator-exclusion": "Exclusion",
    "denominator-exception": "Exception",
    "numerator": "Numerator",
}


@pytest.fixture(scope="module")
def elm(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    if not (node_modules / TRANSLATOR).exists():
        pytest.skip(f"the CQL translator {TRANSLATOR} is not installed (npm ci without --omit=dev)")
    folder = tmp_path_factory.mktemp("cql")
    (folder / "Small.cql").write_text(CQL)
    small: dict[str, Any] = json.loads(json.dumps(translate(folder, node_modules=node_modules)["Small"]))
    for define in small["library"]["statements"]["def"]:  # as QI-Core logic asks: by profile
        for node in _nodes(define):
            if node.get("type") == "Retrieve" and node["dataType"].endswith("MedicationRequest"):
                node["templateId"] = f"{QICORE}medicationrequest"
    return small


def _nodes(tree: Any) -> Any:
    if isinstance(tree, dict):
        yield tree
        for each in tree.values():
            yield from _nodes(each)
    elif isinstance(tree, list):
        for each in tree:
            yield from _nodes(each)


def bundle(elm: Mapping[str, Any], name: str = "Small", *, defines: Mapping[str, str] = DEFINES, **more: Any) -> Any:
    library = {
        "resourceType": "Library",
        "id": "Small",
        "url": "urn:test:Library/Small",
        "content": [
            {"contentType": "application/elm+json", "data": base64.b64encode(json.dumps(elm).encode()).decode()}
        ],
    }
    populations = [
        {"code": {"coding": [{"code": code}]}, "criteria": {"expression": define}} for code, define in defines.items()
    ]
    found = {
        "resourceType": "Measure",
        "id": name,
        "name": name,
        "url": f"urn:test:Measure/{name}",
        "version": "1",
        "title": "Statin from 40 years",
        "library": ["urn:test:Library/Small|1.0.0"],
        "group": [{"population": populations}],
        "improvementNotation": {"coding": [{"code": "increase", "display": "Increase"}]},
        **more,
    }
    statins = {
        "resourceType": "ValueSet",
        "id": "statins",
        "url": "urn:test:statins",
        "expansion": {"contains": [{"code": "617310", "system": "http://www.nlm.nih.gov/research/umls/rxnorm"}]},
    }
    return {"resourceType": "Bundle", "entry": [{"resource": each} for each in (found, library, statins)]}


@pytest.fixture
def folder(tmp_path: Path, elm: Mapping[str, Any]) -> Path:
    (tmp_path / "small.json").write_text(json.dumps(bundle(elm)))
    return tmp_path


PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1970-01-01"}


def order(**more: Any) -> dict[str, Any]:
    code = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "617310"}]}
    return {
        "resourceType": "MedicationRequest",
        "id": "o",
        "status": "active",
        "intent": "order",
        "authoredOn": "2025-02-01",
        "medicationCodeableConcept": code,
        **more,
    }


async def report(worker: GuidelineWorker, library: MeasureLibrary, *chart: Mapping[str, Any], **more: Any) -> Report:
    (found,) = await measure(worker, library, [PATIENT, *chart], start=START, end=END, as_of=END, **more)
    return found


async def test_populations_and_a_gap(worker: GuidelineWorker, folder: Path) -> None:
    library = read_measures([folder])
    gap = await report(worker, library)
    assert gap.rates[0].standing == "gap"
    assert gap.rates[0].counts["denominator"] == 1
    assert gap.rates[0].counts["numerator"] == 0
    assert (await report(worker, library, order())).rates[0].standing == "no_gap"
    allergy = {"resourceType": "AllergyIntolerance", "id": "a", "code": {"text": "x"}}
    assert (await report(worker, library, allergy)).rates[0].standing == "excepted"
    counted = (await report(worker, library, allergy, order())).rates[0].counts
    assert (counted["numerator"], counted["denominator-exception"]) == (1, 0)
    hospice = {"resourceType": "Condition", "id": "h", "code": {"text": "hospice"}}
    assert (await report(worker, library, hospice, order())).rates[0].standing == "excluded"
    young = {**PATIENT, "birthDate": "1990-01-01"}
    (found,) = await measure(worker, library, [young], start=START, end=END, as_of=END)
    assert found.rates[0].standing == "not_in_denominator"


async def test_what_is_forbidden_or_comes_later_does_not_count(worker: GuidelineWorker, folder: Path) -> None:
    library = read_measures([folder])
    tagged = {"meta": {"profile": [f"{QICORE}medicationrequest"]}}
    for each in (order(doNotPerform=True), order(doNotPerform=True, **tagged), order(authoredOn="2026-02-01")):
        assert (await report(worker, library, each)).rates[0].standing == "gap"
    trusting = await report(worker, library, order(doNotPerform=True, **tagged), trust_profiles=True)
    assert trusting.rates[0].standing == "no_gap"


async def test_an_inverse_measure_has_its_gap_the_other_way(worker: GuidelineWorker, folder: Path) -> None:
    inverse = read_measures([folder], directions={"Small": "decrease"})
    assert (await report(worker, inverse, order())).rates[0].standing == "gap"
    assert (await report(worker, inverse)).rates[0].standing == "no_gap"


async def test_a_direction_that_contradicts_itself_is_not_guessed(
    worker: GuidelineWorker, tmp_path: Path, elm: Mapping[str, Any]
) -> None:
    notation = {"coding": [{"code": "decrease", "display": "increase"}]}
    (tmp_path / "small.json").write_text(json.dumps(bundle(elm, improvementNotation=notation)))
    library = read_measures([tmp_path], directions={})
    assert library.measures[0].groups[0].direction == "unclear"
    assert (await report(worker, library, order())).rates[0].standing == "could_not_say"
    assert (await report(worker, library, order())).rates[0].counts["numerator"] == 1


async def test_a_missing_value_set_stops_that_measure_only(
    worker: GuidelineWorker, folder: Path, elm: Mapping[str, Any]
) -> None:
    (folder / "other.json").write_text(json.dumps(bundle(elm, "Other", defines={**DEFINES, "numerator": "Errs"})))
    reports = await measure(worker, read_measures([folder]), [PATIENT], start=START, end=END, as_of=END)
    assert {each.measure: each.failure for each in reports} == {
        "Other": "Could not be checked: the value set urn:test:missing is not there.",
        "Small": None,
    }


async def test_a_value_set_that_nobody_expanded_is_missing(worker: GuidelineWorker, folder: Path) -> None:
    content = json.loads((folder / "small.json").read_text())
    del content["entry"][2]["resource"]["expansion"]
    content["entry"][2]["resource"]["compose"] = {"include": [{"system": "x", "filter": [{"property": "concept"}]}]}
    (folder / "small.json").write_text(json.dumps(content))
    found = await report(worker, read_measures([folder]), order())
    assert found.failure == "Could not be checked: the value set urn:test:statins is not there."


async def test_a_library_that_is_not_there_is_named(worker: GuidelineWorker, folder: Path) -> None:
    content = json.loads((folder / "small.json").read_text())
    content["entry"][0]["resource"]["library"] = ["urn:test:Library/Else|2.0.0"]
    (folder / "small.json").write_text(json.dumps(content))
    library = read_measures([folder])
    assert library.broken == {"Small": "the library Else 2.0.0 is not there"}
    found = await report(worker, library)
    assert found.failure == "Could not be checked: the library Else 2.0.0 is not there."


async def test_clauses_say_why(worker: GuidelineWorker, folder: Path) -> None:
    found = await report(worker, read_measures([folder]), order(), explain=True)
    clauses = {each.define: (each.value, each.looked_at) for each in found.clauses}
    assert clauses["Numerator"] == (True, ())
    assert clauses["Orders"] == ("1 found", ("MedicationRequest/o",))


async def test_measures_of_a_site_are_outcomes(worker: GuidelineWorker, tmp_path: Path, elm: Mapping[str, Any]) -> None:
    (tmp_path / "measures").mkdir()
    period = {"start": "2025-01-01", "end": "2025-12-31"}
    (tmp_path / "measures" / "small.json").write_text(json.dumps(bundle(elm, effectivePeriod=period)))
    library = load([tmp_path])

    async def why(library: GuidelineLibrary, *chart: Mapping[str, Any], year: int = 2025) -> tuple[str, bool]:
        as_of = datetime(year, 6, 1, tzinfo=UTC)
        outcomes = await evaluate(worker, library, [PATIENT, *chart], as_of=as_of, doubtful=frozenset())
        (found,) = [each for each in outcomes if each.recommendation.id == "Small"]
        return found.why, found.action is not None and bool(found.because)

    assert await why(library) == ("due", True)
    assert await why(library, order()) == ("done", False)
    assert await why(library, year=2026) == ("not_in_force", False)
    assert await why(replace(library, rules=Rules(silent=frozenset({"Small"})))) == ("silent", False)
    off = replace(library, rules=Rules(off=frozenset({"Small"})))
    found = await evaluate(worker, off, [PATIENT], as_of=END, doubtful=frozenset())
    assert not found


async def test_the_curated_directions_name_each_measure_once() -> None:
    directions = curated()
    assert directions["DiabetesGlycemicStatusAssessmentGreaterThan9PercentFHIR"] == "decrease"
    assert directions["DiabetesEyeExamFHIR"] == "increase"
