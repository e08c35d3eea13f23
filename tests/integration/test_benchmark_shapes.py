"""The report on other makers' resources: nothing is lost without a word, and a loss would be seen."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from benchmarks.shapes import Shape, main, resources_in, shapes
from tests.unit.chart.samples import needs


def test_every_resource_of_other_makers_gives_facts_or_a_reason() -> None:
    found = {one.type: one for one in shapes(resources_in(needs("messy")))}
    assert [one.type for one in found.values() if one.unnamed] == []
    for kind in ("Condition", "Observation", "Immunization", "Procedure", "DocumentReference", "MedicationRequest"):
        assert found[kind].give_facts == found[kind].resources
    assert found["AllergyIntolerance"].others == {"not_understood": 3}  # they say neither to what nor with what effect


def test_it_reads_bundles_lines_and_packed_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem = {"resourceType": "Condition", "id": "c", "code": {"text": "Gout"}}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": problem}, {"resource": {"resourceType": "Consent"}}]}
    (tmp_path / "a.json").write_text(json.dumps(bundle))
    (tmp_path / "b.ndjson.gz").write_bytes(gzip.compress(f"{json.dumps(problem)}\n\n{json.dumps(problem)}\n".encode()))
    assert main(["--data", str(tmp_path), "--json", str(tmp_path / "out")]) == 0
    assert "Condition" in capsys.readouterr().out
    (condition, consent) = json.loads((tmp_path / "out").read_text())
    assert (condition["resources"], condition["give_facts"]) == (3, 3)
    assert consent["others"] == {"not_read": 1}
    assert Shape(type="X", resources=3, give_facts=1, facts=1, others={"not_read": 1}).unnamed == 1
