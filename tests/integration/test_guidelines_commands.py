"""`preround guidelines` and `preround eval`, as a user calls them."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.guidelines import foreign
from tools.guidelines.compile import TRANSLATOR
from tools.guidelines.worker import PACKAGES

ROOT = Path(__file__).parents[2]
CQL = """library Water version '1.0.0'
using FHIR version '4.0.1'
parameter "Measurement Period" Interval<DateTime>
context Patient
define "Everybody": true
define "Drinks": exists ([Observation])
"""
MEASURE = {
    "resourceType": "Measure",
    "id": "Water",
    "name": "Water",
    "url": "urn:test:Measure/Water",
    "version": "1",
    "title": "Drinks water",
    "publisher": "A hospital",
    "library": ["urn:test:Library/Water|1.0.0"],
    "improvementNotation": {"coding": [{"code": "increase"}]},
    "group": [
        {
            "population": [
                {"code": {"coding": [{"code": code}]}, "criteria": {"expression": define}}
                for code, define in (
                    ("initial-population", "Everybody"),
                    ("denominator", "Everybody"),
                    ("numerator", "Drinks"),
                )
            ]
        }
    ],
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    if not all((ROOT / "node_modules" / each).exists() for each in (*PACKAGES, TRANSLATOR)):
        pytest.skip("the npm packages of the CQL engine and translator are not installed (npm ci)")
    return tmp_path / "home"


def preround(home: Path, *arguments: str | Path) -> tuple[int, Any, str]:
    """Exit code, what `--json -` said, and stderr."""
    ran = subprocess.run(
        [sys.executable, "-m", "preround", *map(str, arguments), "--json", "-"],
        cwd=ROOT,
        env={**os.environ, "PREROUND_HOME": str(home)},
        capture_output=True,
        check=False,
        timeout=300,
    )
    return ran.returncode, json.loads(ran.stdout), ran.stderr.decode()


def library(content: str) -> dict[str, Any]:
    data = base64.b64encode(content.encode()).decode()
    return {
        "resourceType": "Library",
        "id": "Water",
        "name": "Water",
        "url": "urn:test:Library/Water",
        "version": "1.0.0",
        "content": [{"contentType": "text/cql", "data": data}],
    }


def bundle(*resources: Any) -> str:
    entries = [{"fullUrl": f"urn:test:{each['id']}", "resource": each} for each in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def test_a_measure_in_cql_is_brought_along(home: Path, tmp_path: Path) -> None:
    (tmp_path / "water.json").write_text(bundle(MEASURE, library(CQL)))
    code, added, _ = preround(home, "guidelines", "add", tmp_path / "water.json")
    assert (code, added["taken"], added["problems"]) == (0, {"Measure": 1, "Library": 1}, {})
    code, listed, _ = preround(home, "guidelines", "list")
    assert code == 0
    assert {"Water", "diabetes-hba1c"} <= {each["id"] for each in listed}
    assert preround(home, "guidelines", "test", "Water")[1]["without_cases"] == ["Water"]
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1970-01-01"}
    (tmp_path / "chart.json").write_text(bundle(patient))
    assert preround(home, "load", tmp_path / "chart.json")[0] == 0
    code, why, _ = preround(home, "guidelines", "why", "Water", "p", "--as-of", "2025-06-01T00:00:00Z")
    assert (code, why["why"]) == (0, "due")
    assert ("numerator: Drinks", False) in [(each["words"], each["value"]) for each in why["reasons"]]
    assert preround(home, "guidelines", "why", "nothing", "p")[0] == 3


def test_what_cannot_be_used_is_said(home: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong.json").write_text(bundle(MEASURE, library(CQL.replace("true", "nothing"))))
    code, outcome, said = preround(home, "guidelines", "add", tmp_path / "wrong.json")
    assert code == 2
    assert "Could not resolve identifier nothing" in said
    assert outcome["resourceType"] == "OperationOutcome"
    (tmp_path / "empty.json").write_text(bundle())
    assert preround(home, "guidelines", "add", tmp_path / "empty.json")[0] == 2
    assert preround(home, "guidelines", "add", tmp_path / "none.json")[0] == 2


def test_a_plan_of_others_is_brought_along_tried_and_explained(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "society"
    folder.mkdir()
    for each in foreign.WHOLE:
        (folder / f"{each['id']}.json").write_text(json.dumps(each))
    (folder / "statin.yaml").write_text(
        """recommendation: StatinPlan.start-statin
as_of: 2024-06-01
patient: {born: 1970-01-01}
cases:
  - {name: diabetes without a statin, chart: [{Condition: snomed 44054006}], expect: due, detail: Diabetes}
  - {name: nothing, chart: [], expect: not_applicable}
"""
    )
    code, found, _ = preround(home, "guidelines", "test", folder)
    assert (code, found["passed"], found["total"]) == (0, 2, 2)
    assert found["without_cases"] == ["StatinPlan.check-ldl"]
    code, added, _ = preround(home, "guidelines", "add", folder)
    assert (code, added["name"], added["taken"]["PlanDefinition"], added["problems"]) == (0, "society", 1, {})
    assert "ActivityDefinition.participant" in added["not_mapped"]["StatinPlan.start-statin"]
    wrong = (folder / "statin.yaml").read_text().replace("not_applicable", "due")
    (folder / "statin.yaml").write_text(wrong)
    assert preround(home, "guidelines", "add", folder)[0] == 0
    code, found, _ = preround(home, "guidelines", "test", "society")
    assert (code, found["passed"]) == (1, 1)
    assert [each["id"] for each in found["cases"] if not each["ok"]] == ["StatinPlan.start-statin/nothing"]
    (home / "guidelines" / "society" / "site.toml").write_text('off = ["StatinPlan.check-ldl"]')
    _, listed, _ = preround(home, "guidelines", "list")
    modes = {each["id"]: each["mode"] for each in listed}
    assert (modes["StatinPlan.check-ldl"], modes["StatinPlan.start-statin"]) == ("off", "on")


def test_an_address_is_fetched_only_where_the_site_allows_its_host(home: Path) -> None:
    code, _, said = preround(home, "guidelines", "add", "https://example.invalid/x.json")
    assert code == 2
    assert "name it in PREROUND_GUIDELINE_HOSTS" in said


def test_a_file_address_is_a_path(home: Path, tmp_path: Path) -> None:
    (tmp_path / "water.json").write_text(bundle(MEASURE, library(CQL)))
    assert preround(home, "guidelines", "add", f"file://{tmp_path}/water.json")[0] == 0


def test_eval_gives_each_case(home: Path, tmp_path: Path) -> None:
    data = tmp_path / "ecqm"
    (data / "measures").mkdir(parents=True)
    (data / "valuesets").mkdir()
    (data / "cases").mkdir()
    (data / "cases" / "Water.json").write_text(
        json.dumps(
            [
                {
                    "id": "thirsty",
                    "period": {"start": "2025-01-01", "end": "2025-12-31"},
                    "expected": [{"denominator": 1, "numerator": 0}],
                    "bundle": json.loads(bundle({"resourceType": "Patient", "id": "p", "birthDate": "1970-01-01"})),
                }
            ]
        )
    )
    (data / "measures" / "Water.json").write_text(bundle(MEASURE))
    code, found, _ = preround(home, "eval", "ecqm", "--data", data)
    assert (code, found["passed"], found["total"]) == (0, 0, 1)
    assert "the library Water 1.0.0 is not there" in found["cases"][0]["detail"]
    assert preround(home, "eval", "nothing", "--data", data)[0] == 3
    assert preround(home, "eval", "ecqm", "--data", tmp_path / "none")[0] == 2
