"""A whole round on servers of different makers: from `load` to the receipts, by the command line."""

from pathlib import Path
from typing import Any

import pytest

from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from tests.acceptance.homes import PATIENT, Home
from tests.servers.running import FhirServer
from tools.fhir import wire

ADA = ("--approve", "--as", "Ada Nowak")
BEN = ("--approve", "--as", "Ben Okafor")


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


def test_what_was_written_is_taken_back_and_put_back(fhir_server: FhirServer, home: Home) -> None:
    drafted = home.draft()
    receipts = home.json("decide", drafted["review_item"], *ADA)["receipts"]
    by_kind = {receipt["reference"].partition("/")[0]: receipt for receipt in receipts}
    for receipt in by_kind.values():
        was = fhir_server.get(receipt["reference"])
        undone = taken_back(home, receipt["receipt"])
        marked = fhir_server.get(receipt["reference"])
        assert marked["status"] == "entered-in-error"
        assert marked["meta"]["versionId"] == undone["version"] != receipt["version"]
        assert {**wire.unversioned(marked), "status": was["status"]} == wire.unversioned(was)
        assert len(fhir_server.get(f"{receipt['reference']}/_history")["entry"]) == 2
    # What was taken back last is put back: the version before it, as the server's own history has it.
    again = taken_back(home, undone["receipt"])
    restored = fhir_server.get(receipt["reference"])
    assert restored["meta"]["versionId"] == again["version"]
    assert wire.unversioned(restored) == wire.unversioned(was)


def taken_back(home: Home, receipt: str) -> dict[str, Any]:
    item = home.json("undo", receipt)["review_item"]
    assert home.json("decide", item, *ADA)["receipts"] == []
    (done,) = home.json("decide", item, *BEN)["receipts"]
    return dict(done)
