"""What a plain chart stands for: each profile that published models retrieve by, some untagged resource reaches."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools.guidelines.node import WORKER_FOLDER, node_binary

ROOT = Path(__file__).parents[3]
MODELS = Path(os.environ.get("PREROUND_TEST_DATA", str(ROOT.parent / "shared" / "data"))) / "cql-models"
PLAIN = "http://hl7.org/fhir/StructureDefinition/"
BY_TYPE = frozenset(PLAIN + each for each in ("DomainResource", "Resource", "Questionnaire", "QuestionnaireResponse"))
"""Of FHIR itself: retrieved by type, whatever a resource stands for."""
BY_CODE = ("85353-1", "85354-9", "39156-5", "8302-2", "29463-7", "8310-5", "8867-4", "9279-1", "59408-5", "9843-4")
MORE_CODES = ("59576-9", "77606-2", "8289-1", "72166-2", "11341-5", "86645-9", "82810-3", "76690-7")


def asked() -> dict[str, str]:
    """The profile addresses that the models retrieve by, each with its FHIR type or name."""
    if not MODELS.exists():
        pytest.skip(f"the CQL models are not at {MODELS.name} of PREROUND_TEST_DATA")
    found = {}
    for path in sorted(MODELS.glob("*core-modelinfo-*.xml")):
        for attributes in re.findall(r"<(?:ns\d:)?typeInfo\b([^>]*)>", path.read_text()):
            given = dict(re.findall(r'(\w+)="([^"]*)"', attributes))
            if given.get("retrievable") == "true" and "identifier" in given:
                found[given["identifier"]] = given.get("target") or given["name"].removesuffix("Profile")
    return {address: kind for address, kind in found.items() if address not in BY_TYPE}


def charted(kinds: set[str]) -> list[dict[str, Any]]:
    """A plain resource of each type, one of each measured code, and one of each that says "not"."""
    plain: list[dict[str, Any]] = [{"resourceType": each} for each in sorted(kinds)]
    codes = [
        {"resourceType": "Observation", "code": {"coding": [{"system": "http://loinc.org", "code": each}]}}
        for each in (*BY_CODE, *MORE_CODES)
    ]
    extension = [{"url": "http://hl7.org/fhir/StructureDefinition/request-doNotPerform", "valueBoolean": True}]
    refused: list[dict[str, Any]] = [
        *({"resourceType": each, "status": "not-done"} for each in ("Communication", "Immunization", "Procedure")),
        {"resourceType": "MedicationAdministration", "status": "not-done"},
        {"resourceType": "MedicationDispense", "status": "declined"},
        {"resourceType": "MedicationRequest", "doNotPerform": True},
        {"resourceType": "ServiceRequest", "doNotPerform": True},
        {"resourceType": "DeviceRequest", "modifierExtension": extension},
        {"resourceType": "Observation", "status": "cancelled"},
        {"resourceType": "Task", "status": "rejected"},
    ]
    return [*plain, *codes, *refused]


def reached(resources: list[dict[str, Any]]) -> list[set[str]]:
    script = Path(__file__).with_name("profiles.mjs")
    ran = subprocess.run(
        [str(node_binary()), str(script), str(WORKER_FOLDER)],
        input=json.dumps(resources).encode(),
        capture_output=True,
        check=True,
    )
    return [set(each) for each in json.loads(ran.stdout)]


def test_each_profile_of_the_published_models_is_reached() -> None:
    profiles = asked()
    named = {"AllergyIntolerance", "BodyStructure", "CarePlan", "CareTeam", "ClaimResponse", "CommunicationRequest"}
    kinds = {kind for kind in profiles.values() if kind.isalpha()} | named
    got: set[str] = set().union(*reached(charted(kinds)))
    assert profiles
    assert sorted(set(profiles) - got) == []


def test_what_says_not_stands_for_nothing_else() -> None:
    resources = [each for each in charted(set()) if {"status", "doNotPerform", "modifierExtension"} & set(each)]
    for each, got in zip(resources, reached(resources), strict=True):
        assert got, each
        assert all(re.search(r"not|declined|cancelled|rejected", profile) for profile in got), each
