"""Patient, Practitioners and Encounters of a story."""

from datetime import datetime, timedelta

from fhir_fixtures.binder import Binder, Resource
from fhir_fixtures.moment import with_offset
from fhir_fixtures.story import Encounter
from fhir_fixtures.vocabulary import vocabulary

_CLASS = {
    "ambulatory": ("AMB", "ambulatory"),
    "emergency": ("EMER", "emergency"),
    "inpatient": ("IMP", "inpatient encounter"),
    "virtual": ("VR", "virtual"),
}


def add_people(binder: Binder) -> None:
    """The patient and the practitioners."""
    person = binder.story.patient
    binder.add(
        "Patient",
        "patient",
        {
            "meta": {"tag": [_tag()]},
            "identifier": [{"system": "https://example.org/mrn", "value": person.mrn}],
            "active": True,
            "name": [_name(person.name)],
            "gender": person.sex,
            "birthDate": person.born,
            "deceasedDateTime": binder.as_written(person.died),
            "address": [{"line": ["1 Example Street"], "city": person.town, "country": "US"}],
        },
    )
    for key, practitioner in sorted(binder.story.practitioners.items()):
        binder.add(
            "Practitioner",
            key,
            {
                "active": True,
                "name": [_name(practitioner.name)],
                "qualification": [{"code": {"text": practitioner.role}}],
            },
        )


def add_encounters(binder: Binder) -> None:
    """Every visit and stay, in the story's order."""
    for encounter in binder.story.encounters:
        code, display = _CLASS[encounter.kind]
        reasons = [vocabulary().concept(name, "problems") for name in encounter.reasons]
        reference = binder.add(
            "Encounter",
            "visit",
            {
                "status": encounter.status,
                "class": {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                    "code": code,
                    "display": display,
                },
                "type": [vocabulary().concept(encounter.type, "visits")],
                "subject": binder.patient,
                "participant": [{"individual": binder.practitioner(encounter.by)}],
                "period": _period(encounter, binder.story.offset),
                "reasonCode": reasons + ([{"text": encounter.why}] if encounter.why else []),
            },
            encounter.at,
        )
        binder.open_visit(reference)


def _period(encounter: Encounter, offset: str) -> Resource:
    start = with_offset(encounter.at, offset)
    if encounter.to is not None:
        return {"start": start, "end": with_offset(encounter.to, offset)}
    if encounter.kind == "inpatient" or encounter.status != "finished":
        return {"start": start}
    return {"start": start, "end": (datetime.fromisoformat(start) + timedelta(minutes=30)).isoformat()}


def _name(written: str) -> Resource:
    family, given = written.split(", ", 1)
    return {"use": "official", "text": written, "family": family, "given": given.split()}


def _tag() -> Resource:
    return {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
        "code": "HTEST",
        "display": "test health data",
    }
