"""A whole round on servers of different makers: from `load` to the receipts, by the command line."""

from pathlib import Path

import pytest

from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from tests.acceptance.homes import PATIENT, Home
from tests.servers.running import FhirServer

ADA = ("--approve", "--as", "Ada Nowak")


@pytest.fixture
def home(fhir_server: FhirServer, tmp_path: Path) -> Home:
    """A home whose FHIR server is this one, with one invented patient on it."""
    made = Home(path=tmp_path / "home", more={"PREROUND_FHIR": fhir_server.base})
    made.path.mkdir()
    file = tmp_path / "story.json"
    file.write_bytes(compile_story(PATIENTS / "diabetes-ckd.yaml"))
    made.preround("load", file)
    return made


def test_what_is_approved_is_written_once_and_receipted(fhir_server: FhirServer, home: Home) -> None:
    assert PATIENT in {row["id"] for row in home.json("patients")["patients"]}
    drafted = home.draft()
    assert [line for line in drafted["coverage"] if line["error"]] == []
    shown = home.json("show", drafted["review_item"])
    done = home.json("decide", drafted["review_item"], *ADA)
    assert (done["outcome"], done["run_status"]) == ("approved", "written")
    assert {receipt["entry"] for receipt in done["receipts"]} == {entry["n"] for entry in shown["entries"]}
    for receipt in done["receipts"]:
        stored = fhir_server.get(receipt["reference"])
        assert stored["meta"]["versionId"] == receipt["version"]
        assert len(fhir_server.get(f"{receipt['reference']}/_history")["entry"]) == 1
    home.refused("decide", drafted["review_item"], *ADA, expect=4)


def test_what_is_rejected_is_not_written(fhir_server: FhirServer, home: Home) -> None:
    drafted = home.draft()
    before = fhir_server.get("Provenance?_summary=count&_total=accurate")["total"]
    done = home.json("decide", drafted["review_item"], "--reject", "action-not-priority", "--as", "Ada Nowak")
    assert (done["outcome"], done["receipts"]) == ("rejected", [])
    assert fhir_server.get("Provenance?_summary=count&_total=accurate")["total"] == before
