"""The charts of cases, from entries that a clinician can read and write."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

SYSTEMS: Mapping[str, str] = {
    "snomed": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "icd10": "http://hl7.org/fhir/sid/icd-10-cm",
    "cvx": "http://hl7.org/fhir/sid/cvx",
    "cpt": "http://www.ama-assn.org/go/cpt",
    "hcpcs": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
}

DATE: Mapping[str, str] = {
    "Condition": "onsetDateTime",
    "Observation": "effectiveDateTime",
    "DiagnosticReport": "effectiveDateTime",
    "Procedure": "performedDateTime",
    "MedicationRequest": "authoredOn",
    "MedicationStatement": "effectiveDateTime",
    "ServiceRequest": "authoredOn",
    "AllergyIntolerance": "recordedDate",
    "Immunization": "occurrenceDateTime",
}

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "Condition": {"clinicalStatus": {"coding": [{"code": "active"}]}},
    "Observation": {"status": "final"},
    "DiagnosticReport": {"status": "final"},
    "Procedure": {"status": "completed"},
    "MedicationRequest": {"status": "active", "intent": "order"},
    "MedicationStatement": {"status": "active"},
    "ServiceRequest": {"status": "active", "intent": "order"},
    "Immunization": {"status": "completed"},
}
CONCEPT: Mapping[str, str] = {
    "MedicationRequest": "medicationCodeableConcept",
    "MedicationStatement": "medicationCodeableConcept",
    "Immunization": "vaccineCode",
}
"""Where a type says what it is about; `code` for the others."""


def chart(patient: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The resources of one case: the patient, then one resource an entry, with the ids 1, 2, 3 and so on."""
    born = {"birthDate": str(patient["born"])} if "born" in patient else {}
    died = {"deceasedDateTime": str(patient["died"])} if "died" in patient else {}
    dead = {"deceasedBoolean": True} if patient.get("dead") else {}
    sex = {"gender": patient["sex"]} if "sex" in patient else {}
    person = {"resourceType": "Patient", "id": "p", **born, **sex, **died, **dead}
    return [person, *(resource(each, str(number)) for number, each in enumerate(entries, 1))]


def resource(entry: Mapping[str, Any], identity: str) -> dict[str, Any]:
    """One entry such as `{Observation: loinc 4548-4, date: 2021-02-01, value: 6.5 %}` as a resource; FHIR stays.

    Raises:
        ValueError: the entry names no type of resource, or several.
    """
    if "resourceType" in entry:
        raw: dict[str, Any] = _plain(entry)
        return {"id": identity, **raw}
    named = [(name, value) for name, value in entry.items() if name[0].isupper()]
    if len(named) != 1:
        raise ValueError("an entry names one type of resource, e.g. {Condition: snomed 44054006}")
    ((kind, code),) = named
    made: dict[str, Any] = {"resourceType": kind, "id": identity, **DEFAULTS.get(kind, {})}
    concept = _concept(str(code), entry.get("text"))
    made[CONCEPT.get(kind, "code")] = concept
    if "date" in entry:
        made[DATE[kind]] = str(entry["date"])
    if "until" in entry:
        made |= {"abatementDateTime": str(entry["until"]), "clinicalStatus": {"coding": [{"code": "resolved"}]}}
    if "value" in entry:
        number, _, unit = str(entry["value"]).partition(" ")
        made["valueQuantity"] = {"value": float(number), "unit": unit, "code": unit}
    if "dose" in entry:
        made["dosageInstruction"] = [_dosage(str(entry["dose"]), entry.get("times"))]
    added: dict[str, Any] = _plain(entry.get("with", {}))
    return made | added


def _dosage(dose: str, times: int | None) -> dict[str, Any]:
    """`dose: 5 mg, times: 2` is 5 mg twice a day."""
    number, _, unit = dose.partition(" ")
    daily = {"timing": {"repeat": {"frequency": times, "period": 1, "periodUnit": "d"}}} if times else {}
    return {**daily, "doseAndRate": [{"doseQuantity": {"value": float(number), "unit": unit}}]}


def doubtful(entries: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """References of the entries that are marked doubtful."""
    kinds = [each.get("resourceType") or next(name for name in each if name[0].isupper()) for each in entries]
    return frozenset(
        f"{kind}/{number}"
        for number, (kind, each) in enumerate(zip(kinds, entries, strict=True), 1)
        if each.get("doubtful")
    )


def _concept(code: str, text: str | None) -> dict[str, Any]:
    system, _, value = code.partition(" ")
    if system not in SYSTEMS:
        return {"text": code}
    coding = {"system": SYSTEMS[system], "code": value} | ({"display": text} if text else {})
    return {"coding": [coding]}


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """YAML's own dates back to the strings that JSON holds."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date | datetime) else value
