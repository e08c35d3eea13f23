"""Marks that CQL can retrieve by: refused or not done, the ingredients of a drug, the categories of a code."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Resource = Mapping[str, Any]

NEGATION = "urn:preround:negation"
"""Code system of the one mark `negated`; the worker hands such a resource only to a retrieve that asks for the mark."""
INGREDIENT = "urn:preround:ingredient"
"""Code system of ingredient names in lower case, on medications and allergies."""
STRENGTH = "urn:preround:strength-mg"
"""Code system of the milligrams in one tablet or capsule, where a medicine of one ingredient names them."""
CATEGORY = "urn:preround:icd10"
"""Code system of the categories that an ICD-10-CM code falls in: E11.22 is in E, E11, E11.2 and E11.22."""
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"

REFUSAL = frozenset({
    "patient-refuses", "patobj",
    "105480006", "182895007", "182897004", "182900006", "182902003", "183944003", "183945002",
    "406149000", "413311005", "416432009", "443390004", "895451009",
})  # fmt: skip
"""Reasons that say the patient declined: HL7's `patient-refuses` and `PATOBJ`, and SNOMED CT's."""

DRUG = "medicationCodeableConcept"

WORD = re.compile(r"[a-z]{5,}")
MILLIGRAMS = re.compile(r"(?<![\d./])(\d+(?:\.\d+)?)\s*mg\b(?!\s*/)", re.IGNORECASE)


def ingredients_by_display(texts: Iterable[str]) -> tuple[str, ...]:
    """Ingredient names from the words of a drug: its words of five letters and more; only known names are asked for."""
    return tuple(dict.fromkeys(word for text in texts for word in WORD.findall(text.lower())))


def tagged(resources: Sequence[Resource], ingredients: Mapping[str, tuple[str, ...]]) -> Iterator[Resource]:
    """The resources with their marks, a referenced Medication set in the place of its reference.

    Args:
        resources: one patient's, Medication resources included where requests refer to them.
        ingredients: ingredient names by reference ("MedicationRequest/1"); without an entry, the words of the display.
    """
    drugs: dict[str, Resource] = {
        f"Medication/{each['id']}": each
        for each in resources
        if each.get("resourceType") == "Medication" and "id" in each
    }
    for resource in resources:
        kind = resource.get("resourceType")
        name = _concept_of(str(kind))
        concept = resource.get(name) or (_referenced(resource, drugs) if name == DRUG else None)
        concept = concept if isinstance(concept, Mapping) else {}
        marks = [*_categories(concept), *_ingredients(resource, kind, concept, ingredients)]
        if negated(resource):
            marks.append({"system": NEGATION, "code": "negated"})
        codings = [*concept.get("coding", ()), *marks]
        yield {**resource, name: {**concept, "coding": codings}} if codings else resource


def _concept_of(kind: str) -> str:
    """The element that says what a resource is about."""
    if kind == "Immunization":
        return "vaccineCode"
    return DRUG if kind.startswith("Medication") and kind != "Medication" else "code"


def negated(resource: Resource) -> bool:
    """Whether the resource says that something was refused, forbidden or not done."""
    if resource.get("doNotPerform") is True or resource.get("status") == "not-done":
        return True
    reasons = resource.get("statusReason") or ()
    concepts = [reasons] if isinstance(reasons, Mapping) else reasons
    return any(str(code.get("code")).lower() in REFUSAL for each in concepts for code in each.get("coding", ()))


def _referenced(resource: Resource, drugs: Mapping[str, Resource]) -> object:
    reference = str((resource.get("medicationReference") or {}).get("reference", ""))
    if reference.startswith("#"):
        return next(
            (each.get("code") for each in resource.get("contained", ()) if each.get("id") == reference[1:]), None
        )
    identity = reference.removeprefix("urn:uuid:").rsplit("/_history/", 1)[0].rsplit("/", 1)[-1]
    return drugs.get(f"Medication/{identity}", {}).get("code")


def _categories(concept: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    for coding in concept.get("coding", ()):
        if coding.get("system") == ICD10:
            code = str(coding.get("code", "")).upper()
            for length in (1, *range(3, len(code) + 1)):
                if not code[:length].endswith("."):
                    yield {"system": CATEGORY, "code": code[:length]}


def _ingredients(
    resource: Resource, kind: object, concept: Mapping[str, Any], known: Mapping[str, tuple[str, ...]]
) -> Iterator[Mapping[str, str]]:
    if not str(kind).startswith("Medication") and kind != "AllergyIntolerance":
        return
    names = known.get(f"{kind}/{resource.get('id')}")
    if names is None:
        displays = (str(each.get("display", "")) for each in concept.get("coding", ()))
        names = ingredients_by_display([str(concept.get("text", "")), *displays])
    for name in names:
        yield {"system": INGREDIENT, "code": name.lower()}
    if kind == "MedicationRequest":
        yield from _strength(concept)


def _strength(concept: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    """The milligrams that the names of a product agree on; none of a mixture."""
    texts = [str(concept.get("text", "")), *(str(each.get("display", "")) for each in concept.get("coding", ()))]
    named = [MILLIGRAMS.findall(each) for each in texts]
    found = {float(each) for one in named for each in one}
    if len(found) == 1 and all(len(each) <= 1 for each in named):
        yield {"system": STRENGTH, "code": f"{found.pop():g}"}
