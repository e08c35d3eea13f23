"""Charts from entries that a clinician can read: `{lab: HbA1c, date: 2021-05-14, value: 8.1 %}` becomes a resource."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from chart.appraisal import Appraisal, appraise
from chart.chart import Chart

AS_OF = datetime(2021, 8, 1, tzinfo=UTC)
LOINC = {
    "HbA1c": "4548-4",
    "glucose": "2339-0",
    "creatinine": "2160-0",
    "creatinine in blood": "38483-4",
    "eGFR": "33914-3",
    "potassium": "2823-3",
    "sodium": "2951-2",
    "Hb": "718-7",
    "Hct": "4544-3",
    "MCHC": "786-4",
    "LDL": "18262-6",
    "UACR": "14959-1",
    "INR": "6301-6",
    "TSH": "3016-3",
    "weight": "29463-7",
    "BMI": "39156-5",
    "temperature": "8310-5",
    "heart rate": "8867-4",
    "SpO2": "2708-6",
    "smoking": "72166-2",
}
VITAL = {"weight", "BMI", "temperature", "heart rate", "SpO2"}
Resource = dict[str, Any]


def chart_of(
    entries: Mapping[str, Mapping[str, Any]], *, as_of: datetime = AS_OF, patient: Mapping[str, Any] | None = None
) -> Chart:
    """A chart of one person, its resources named by the entries' keys."""
    return Chart.build(resources_of(entries, patient=patient), as_of=as_of)


def appraised(
    entries: Mapping[str, Mapping[str, Any]], *, as_of: datetime = AS_OF, patient: Mapping[str, Any] | None = None
) -> Appraisal:
    """The appraisal of a chart."""
    return appraise(chart_of(entries, as_of=as_of, patient=patient))


def resources_of(
    entries: Mapping[str, Mapping[str, Any]], *, patient: Mapping[str, Any] | None = None
) -> list[Resource]:
    """The patient and one resource an entry."""
    own = dict(patient or {})
    person: Resource = {
        "resourceType": "Patient",
        "id": "p",
        "birthDate": str(own.get("born", "1950-06-15")),
        "gender": own.get("sex", "male"),
        "name": [{"family": "Testpatient", "given": ["Orion"]}],
    }
    if "died" in own:
        person["deceasedDateTime"] = str(own["died"])
    return [person, *(resource(key, entry) for key, entry in entries.items())]


def resource(key: str, entry: Mapping[str, Any]) -> Resource:
    """One resource; keys in `with` are laid over it as they are."""
    kind = next(k for k in entry if k in _MAKERS)
    made = _MAKERS[kind](str(entry[kind]), entry)
    made |= {"id": key, "subject": {"reference": "Patient/p"}, **_with(entry)}
    return made


def _with(entry: Mapping[str, Any]) -> Resource:
    return dict(entry.get("with", {}))


def _quantity(text: str) -> Resource:
    number, _, unit = text.partition(" ")
    return {"value": Decimal(number), **({"unit": unit, "code": unit} if unit else {})}


def _lab(name: str, entry: Mapping[str, Any]) -> Resource:
    made: Resource = {
        "resourceType": "Observation",
        "status": entry.get("status", "final"),
        "category": [{"coding": [{"code": "vital-signs" if name in VITAL else "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": LOINC.get(name, "0-0"), "display": name}]},
        "effectiveDateTime": str(entry["date"]),
    }
    if name == "smoking":
        made["valueCodeableConcept"] = {"text": entry["value"]}
    elif "value" in entry:
        made["valueQuantity"] = _quantity(str(entry["value"]))
    return made


def _pressure(text: str, entry: Mapping[str, Any]) -> Resource:
    systolic, diastolic = text.split("/")
    parts = (("8480-6", "systolic", systolic), ("8462-4", "diastolic", diastolic))
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9", "display": "Blood pressure"}]},
        "effectiveDateTime": str(entry["date"]),
        "component": [
            {
                "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": name}]},
                "valueQuantity": {"value": int(value), "unit": "mm[Hg]", "code": "mm[Hg]"},
            }
            for code, name, value in parts
        ],
    }


def _medicine(name: str, entry: Mapping[str, Any]) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "status": entry.get("status", "active"),
        "intent": entry.get("intent", "order"),
        "medicationCodeableConcept": {"text": name},
        **({"authoredOn": str(entry["date"])} if "date" in entry else {}),
        **({"dosageInstruction": [{"text": entry["dose"]}]} if "dose" in entry else {}),
    }


def _problem(name: str, entry: Mapping[str, Any]) -> Resource:
    return {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"code": entry.get("status", "active")}]},
        "code": {"text": name},
        **({"onsetDateTime": str(entry["date"])} if "date" in entry else {}),
        **({"abatementDateTime": str(entry["until"])} if "until" in entry else {}),
    }


def _allergy(name: str, entry: Mapping[str, Any]) -> Resource:
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": {"coding": [{"code": entry.get("status", "active")}]},
        "verificationStatus": {"coding": [{"code": entry.get("verification", "confirmed")}]},
        "code": {"text": name},
        "criticality": entry.get("criticality", "low"),
        **({"recordedDate": str(entry["date"])} if "date" in entry else {}),
    }


def _visit(name: str, entry: Mapping[str, Any]) -> Resource:
    return {
        "resourceType": "Encounter",
        "status": entry.get("status", "finished"),
        "class": {"code": entry.get("class", "AMB")},
        "type": [{"text": name}],
        "period": {"start": str(entry["date"])},
        **({"reasonCode": [{"text": entry["for"]}]} if "for" in entry else {}),
    }


def _note(text: str, entry: Mapping[str, Any]) -> Resource:
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "status": entry.get("status", "current"),
        "type": {"text": "Progress note"},
        "date": str(entry["date"]),
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
    }


def _procedure(name: str, entry: Mapping[str, Any]) -> Resource:
    return {
        "resourceType": "Procedure",
        "status": entry.get("status", "completed"),
        "code": {"text": name},
        "performedDateTime": str(entry["date"]),
    }


_MAKERS = {
    "lab": _lab,
    "pressure": _pressure,
    "medicine": _medicine,
    "problem": _problem,
    "allergy": _allergy,
    "visit": _visit,
    "note": _note,
    "procedure": _procedure,
}
