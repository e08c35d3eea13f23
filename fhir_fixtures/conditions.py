"""Problems and allergies of a story."""

from fhir_fixtures.binder import Binder, Resource
from fhir_fixtures.vocabulary import vocabulary

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"


def add_problems(binder: Binder) -> None:
    """Every Condition; an entered-in-error one carries no clinical status."""
    for entry in binder.story.problems:
        status = entry.status or ("resolved" if entry.abated else "active")
        binder.add(
            "Condition",
            f"problem-{entry.name or entry.text}",
            {
                "clinicalStatus": _status("condition-clinical", status, entry.verification),
                "verificationStatus": _code("condition-ver-status", entry.verification),
                "category": [_code("condition-category", entry.kind)],
                "code": _named(vocabulary().concept(entry.name, "problems") if entry.name else None, entry.text),
                "subject": binder.patient,
                "encounter": binder.visit_reference(entry.recorded),
                "onsetDateTime": binder.as_written(entry.onset),
                "abatementDateTime": binder.as_written(entry.abated),
                "recordedDate": binder.as_written(entry.recorded),
                "note": [{"text": entry.note}] if entry.note else None,
            },
        )


def add_allergies(binder: Binder) -> None:
    """Every AllergyIntolerance; an entered-in-error one carries no clinical status."""
    for entry in binder.story.allergies:
        code = vocabulary().concept(entry.to, "ingredients", "allergens") if entry.to else None
        manifestations = [vocabulary().concept(name, "reactions") for name in entry.reactions]
        reaction = {"manifestation": manifestations, "severity": entry.severity}
        binder.add(
            "AllergyIntolerance",
            f"allergy-{entry.to or entry.text}",
            {
                "clinicalStatus": _status("allergyintolerance-clinical", entry.status, entry.verification),
                "verificationStatus": _code("allergyintolerance-verification", entry.verification),
                "category": [entry.category] if entry.category else None,
                "criticality": entry.criticality,
                "code": _named(code, entry.text),
                "patient": binder.patient,
                "onsetDateTime": binder.as_written(entry.onset),
                "recordedDate": binder.as_written(entry.recorded),
                "reaction": [{key: value for key, value in reaction.items() if value}] if manifestations else None,
                "note": [{"text": entry.note}] if entry.note else None,
            },
        )


def _code(system: str, code: str) -> Resource:
    return {"coding": [{"system": _TERMINOLOGY + system, "code": code}]}


def _status(system: str, status: str, verification: str) -> Resource | None:
    return None if verification == "entered-in-error" else _code(system, status)


def _named(concept: Resource | None, text: str | None) -> Resource:
    if concept is None:
        return {"text": text}
    return {**concept, "text": text} if text else concept
