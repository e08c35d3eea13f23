"""Guidelines as others lay them out, for the tests of bringing them along."""

import base64
import json
from collections.abc import Mapping
from typing import Any

BASE = "http://example.org/cpg"
CQL = """library StatinLogic version '2.1.0'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1' called FHIRHelpers
codesystem "LOINC": 'http://loinc.org'
valueset "Statins": 'http://example.org/cpg/ValueSet/statins'
valueset "Diabetes": 'http://example.org/cpg/ValueSet/diabetes'
code "LDL": '13457-7' from "LOINC"
context Patient
define "Is Adult": AgeInYearsAt(Today()) >= 40
define "Diabetes Conditions": [Condition: "Diabetes"]
define "Has Diabetes": exists "Diabetes Conditions"
define "Statin Orders": [MedicationRequest: "Statins"] M where M.status = 'active'
define "On Statin": exists "Statin Orders"
define "Needs Statin": not "On Statin"
define "Latest LDL": Last([Observation: "LDL"] O sort by (effective as FHIR.dateTime).value)
define "LDL Value": ("Latest LDL".value as Quantity).value
define "LDL Is High": "LDL Value" >= 100
define "Words": 'Diabetes, and LDL is ' + Coalesce(ToString("LDL Value"), 'not measured') + '.'
define "Dose": '20 mg once a day'
"""


def library(cql: str = CQL, **more: Any) -> dict[str, Any]:
    """A Library resource with CQL text."""
    return {
        "resourceType": "Library",
        "id": "statin-logic",
        "url": f"{BASE}/Library/statin-logic",
        "name": "StatinLogic",
        "version": "2.1.0",
        "status": "active",
        "type": {"coding": [{"code": "logic-library"}]},
        "content": [{"contentType": "text/cql", "data": base64.b64encode(cql.encode()).decode()}],
        **more,
    }


def condition(expression: str, language: str = "text/cql-identifier", **more: Any) -> dict[str, Any]:
    """An applicability condition."""
    return {"kind": "applicability", "expression": {"language": language, "expression": expression, **more}}


def plan(*actions: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A PlanDefinition in the style of a clinical practice guideline."""
    return {
        "resourceType": "PlanDefinition",
        "id": "statin-plan",
        "url": f"{BASE}/PlanDefinition/statin-plan",
        "name": "StatinPlan",
        "title": "Statin in diabetes",
        "version": "2.1.0",
        "status": "active",
        "publisher": "A society",
        "library": [f"{BASE}/Library/statin-logic|2.1.0"],
        "relatedArtifact": [
            {"type": "citation", "citation": "A society. Statins. 2024.", "url": "https://example.org/s"}
        ],
        "action": list(actions),
        **more,
    }


START = {
    "id": "start-statin",
    "title": "Start a statin",
    "priority": "urgent",
    "condition": [condition("Needs Statin")],
    "definitionCanonical": f"{BASE}/ActivityDefinition/start-statin|1.0.0",
    "dynamicValue": [
        {"path": "action.description", "expression": {"language": "text/cql-identifier", "expression": "Words"}},
        {"path": "dosageInstruction[0].text", "expression": {"language": "text/cql-identifier", "expression": "Dose"}},
    ],
}
CHECK = {"id": "check-ldl", "title": "Measure LDL", "condition": [condition('"LDL Is High"', "text/cql")]}
NESTED = {"title": "Diabetes", "condition": [condition("Has Diabetes")], "action": [START, CHECK]}
ACTIVITY = {
    "resourceType": "ActivityDefinition",
    "id": "start-statin",
    "url": f"{BASE}/ActivityDefinition/start-statin",
    "version": "1.0.0",
    "status": "active",
    "kind": "MedicationRequest",
    "intent": "proposal",
    "productCodeableConcept": {
        "coding": [
            {
                "system": "http://www.nlm.nih.gov/research/umls/rxnorm",
                "code": "617310",
                "display": "atorvastatin 20 MG Oral Tablet",
            }
        ]
    },
    "participant": [{"type": "practitioner"}],
}
STATINS = {
    "resourceType": "ValueSet",
    "id": "statins",
    "url": f"{BASE}/ValueSet/statins",
    "status": "active",
    "compose": {
        "include": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "concept": [{"code": "617310"}]}]
    },
}
DIABETES = {
    "resourceType": "ValueSet",
    "id": "diabetes",
    "url": f"{BASE}/ValueSet/diabetes",
    "status": "active",
    "expansion": {"contains": [{"system": "http://snomed.info/sct", "code": "44054006"}]},
}
WHOLE = (plan(NESTED), library(), ACTIVITY, STATINS, DIABETES)


def bundle(*resources: Mapping[str, Any]) -> bytes:
    """A collection."""
    entries = [{"fullUrl": f"urn:x:{number}", "resource": each} for number, each in enumerate(resources)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
