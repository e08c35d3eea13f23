"""What stands for a resource is FHIR, says the same words, and says what it is."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

import pytest

from chart.left_out import STANDS_FOR
from claims.author import AIAST
from claims.degrade import ladder, stand_in
from claims.seal import finished_form
from review.wellformed import faults
from tools.fhir.write_policy import WritePolicy

PATIENT = {"reference": "Patient/p"}
DEVICE = {"reference": "Device/d"}
META = {"security": [AIAST]}


def section(title: str, *lines: str) -> dict[str, Any]:
    items = "".join(f"<li>{line}</li>" for line in lines)
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><ul>{items}</ul></div>'
    entry = [{"reference": "Observation/1"}]
    return {"title": title, "text": {"status": "generated", "div": div}, "entry": entry}


MEANT: dict[str, dict[str, Any]] = {
    "summary": {
        "resourceType": "Composition",
        "status": "preliminary",
        "type": {"coding": [{"system": "http://loinc.org", "code": "60591-5"}]},
        "subject": PATIENT,
        "date": "2021-08-01T07:00:00.000+00:00",
        "author": [DEVICE],
        "title": "Pre-round summary",
        "section": [section("Allergies", "Penicillin &amp; latex"), section("Changed", "K 5.1 &lt; 5.5", "Hb 9")],
    },
    "test": {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "instantiatesCanonical": ["urn:g|1"],
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4", "display": "Hemoglobin A1c"}]},
        "subject": PATIENT,
        "requester": DEVICE,
        "authoredOn": "2021-08-01",
        "reasonCode": [{"text": "Last one 14 months ago"}],
    },
    "medicine": {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "proposal",
        "medicationCodeableConcept": {"text": "Atorvastatin"},
        "subject": PATIENT,
        "dosageInstruction": [
            {
                "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": {"value": Decimal("2.50"), "unit": "mg"}}],
            }
        ],
    },
    "plan": {
        "resourceType": "CarePlan",
        "status": "draft",
        "intent": "proposal",
        "title": "Diabetes",
        "subject": PATIENT,
        "activity": [{"detail": {"status": "not-started", "description": "Foot check"}}],
    },
    "message": {
        "resourceType": "CommunicationRequest",
        "status": "draft",
        "subject": PATIENT,
        "payload": [{"contentString": "Please book an eye check"}],
    },
    "issue": {
        "resourceType": "DetectedIssue",
        "status": "preliminary",
        "patient": PATIENT,
        "detail": "Two of one kind",
        "identifiedDateTime": "2021-08-01",
    },
    "image": {
        "resourceType": "DiagnosticReport",
        "status": "preliminary",
        "code": {"text": "Chest X-ray"},
        "subject": PATIENT,
        "conclusion": "No effusion",
    },
    "task": {
        "resourceType": "Task",
        "status": "draft",
        "intent": "proposal",
        "for": PATIENT,
        "description": "Ask about smoking",
    },
}
WORDS = {
    "summary": ("Pre-round summary", "Allergies", "- Penicillin & latex", "Changed", "- K 5.1 < 5.5", "- Hb 9"),
    "test": ("What: Hemoglobin A1c", "Because: Last one 14 months ago"),
    "medicine": ("Medicine: Atorvastatin", "Dose: 2.50 mg, 1 time(s) in 1 d"),
    "plan": ("Diabetes", "- Foot check"),
    "message": ("Please book an eye check",),
    "issue": ("Two of one kind",),
    "image": ("What: Chest X-ray", "Conclusion: No effusion"),
    "task": ("Ask about smoking",),
}
STEPS = [(name, kind) for name, meant in MEANT.items() for kind in ladder(meant["resourceType"])]


def stands(name: str, kind: str) -> dict[str, Any]:
    return stand_in({**MEANT[name], "id": "x", "meta": META}, kind, title="The title")


def text_of(resource: dict[str, Any]) -> str:
    if resource["resourceType"] == "Task":
        return str(resource["description"])
    return base64.b64decode(resource["content"][0]["attachment"]["data"]).decode()


@pytest.mark.parametrize(("name", "kind"), STEPS)
def test_it_is_fhir_that_may_be_written_and_says_the_same(name: str, kind: str) -> None:
    meant, found = MEANT[name], stands(name, kind)
    assert (found["resourceType"], found["id"], found["meta"]["security"]) == (kind, "x", META["security"])
    assert found["meta"]["tag"] == [{"system": STANDS_FOR, "code": meant["resourceType"]}]
    assert faults(found) == ()
    WritePolicy.own().check(finished_form(found))
    lines = text_of(found).splitlines()
    assert [words for words in WORDS[name] if words not in lines] == []
    if name != "summary":
        assert lines[:2] == [
            "The title",
            f"Proposal, not an order ({meant['resourceType']}, status {meant['status']}).",
        ]
    assert found.get("subject", found.get("for")) == PATIENT


def test_a_document_keeps_what_a_summary_stands_on() -> None:
    found = stands("summary", "DocumentReference")
    assert found["type"] == MEANT["summary"]["type"]
    assert found["context"]["related"] == [{"reference": "Observation/1"}]
    assert (found["author"], found["date"]) == ([DEVICE], MEANT["summary"]["date"])
    assert finished_form(found)["docStatus"] == "final"


def test_only_a_step_of_the_ladder_may_stand_for_it() -> None:
    with pytest.raises(ValueError, match="ladder"):
        stands("summary", "Task")
    assert ladder("Observation") == ()


def test_every_step_may_be_written() -> None:
    assert {kind for _, kind in STEPS} <= WritePolicy.own().rules.keys()
