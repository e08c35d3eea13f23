"""The tables in docs/fhir.md are what the reader makes of other makers' resources today."""

from __future__ import annotations

from pathlib import Path

from benchmarks.understood import measured, outcome
from tests.unit.chart.samples import DATA, needs

ROOT = Path(__file__).parents[3]


def test_the_tables_are_what_is_read() -> None:
    needs("messy/us-core-examples.tar.gz")
    needs("messy/ccda")
    text = (ROOT / "docs/fhir.md").read_text()
    for heading, rows in measured(DATA).items():
        assert f"### {heading}\n\n{rows}\n" in text, "run python -m benchmarks.understood and put its tables there"


def test_each_outcome_is_told_from_the_others() -> None:
    said = {
        outcome({"id": "1", **resource})
        for resource in (
            {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueInteger": 1},
            {"resourceType": "Observation", "status": "entered-in-error", "code": {"text": "x"}, "valueInteger": 1},
            {"resourceType": "Observation", "status": "final"},
            {"resourceType": "Coverage"},
            {"resourceType": "Practitioner"},
        )
    }
    assert said == {
        "facts",
        "entered in error",
        "not understood",
        "of a type that is not read",
        "only explaining others",
    }
