"""The marks that CQL retrieves by."""

from typing import Any

import pytest

from tools.guidelines.tags import CATEGORY, INGREDIENT, NEGATION, ingredients_by_display, negated, tagged

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def marks(resource: dict[str, Any], system: str, *others: dict[str, Any], **known: tuple[str, ...]) -> list[str]:
    ingredients = {name.replace("_", "/"): names for name, names in known.items()}
    first = next(tagged([resource, *others], ingredients))
    concept = first.get("medicationCodeableConcept") or first.get("vaccineCode") or first.get("code") or {}
    return [each["code"] for each in concept.get("coding", ()) if each["system"] == system]


def order(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "MedicationRequest", "id": "1", **fields}


def test_ingredients_are_the_words_of_the_display() -> None:
    text = "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet"
    assert ingredients_by_display([text])[:2] == ("metformin", "hydrochloride")


def test_a_drug_carries_its_ingredients() -> None:
    drug = order(
        medicationCodeableConcept={"coding": [{"system": RXNORM, "code": "1", "display": "Simvastatin 10 MG"}]}
    )
    assert marks(drug, INGREDIENT) == ["simvastatin"]
    assert marks(drug, RXNORM) == ["1"]


def test_ingredients_that_the_caller_knows_take_the_place_of_words() -> None:
    drug = order(medicationCodeableConcept={"text": "Zocor tablets"})
    assert marks(drug, INGREDIENT, MedicationRequest_1=("Simvastatin",)) == ["simvastatin"]


@pytest.mark.parametrize(
    "reference", ["Medication/m", "urn:uuid:m", "https://example.org/fhir/Medication/m/_history/2"]
)
def test_a_referenced_drug_stands_in_the_place_of_its_reference(reference: str) -> None:
    drug = {"resourceType": "Medication", "id": "m", "code": {"text": "pravastatin"}}
    assert marks(order(medicationReference={"reference": reference}), INGREDIENT, drug) == ["pravastatin"]


def test_a_contained_drug_too() -> None:
    held = [{"resourceType": "Medication", "id": "m", "code": {"text": "pravastatin"}}]
    assert marks(order(contained=held, medicationReference={"reference": "#m"}), INGREDIENT) == ["pravastatin"]


def test_a_drug_that_is_nowhere_has_no_marks() -> None:
    assert marks(order(medicationReference={"reference": "Medication/gone"}), INGREDIENT) == []


def test_a_code_falls_in_its_categories() -> None:
    coding = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.22"}
    condition = {"resourceType": "Condition", "id": "1", "code": {"coding": [coding]}}
    assert marks(condition, CATEGORY) == ["E", "E11", "E11.2", "E11.22"]


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "ServiceRequest", "doNotPerform": True},
        {"resourceType": "Procedure", "status": "not-done"},
        {"resourceType": "Immunization", "status": "not-done"},
        {
            "resourceType": "MedicationRequest",
            "status": "stopped",
            "statusReason": {"coding": [{"code": "patient-refuses"}]},
        },
        {"resourceType": "MedicationStatement", "statusReason": [{"coding": [{"code": "105480006"}]}]},
    ],
)
def test_what_was_refused_or_not_done_is_marked_even_without_a_code(resource: dict[str, Any]) -> None:
    assert negated(resource)
    assert marks(resource, NEGATION) == ["negated"]


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "ServiceRequest", "doNotPerform": False, "status": "active"},
        {"resourceType": "MedicationRequest", "status": "stopped", "statusReason": {"coding": [{"code": "altchoice"}]}},
        {"resourceType": "MedicationRequest", "status": "stopped", "statusReason": {"text": "other"}},
    ],
)
def test_the_rest_is_not(resource: dict[str, Any]) -> None:
    assert not negated(resource)


def test_the_given_resources_stay_as_they_are() -> None:
    drug = order(medicationCodeableConcept={"coding": [{"system": RXNORM, "code": "1", "display": "Simvastatin"}]})
    list(tagged([drug], {}))
    assert drug["medicationCodeableConcept"]["coding"] == [{"system": RXNORM, "code": "1", "display": "Simvastatin"}]
