"""A few resources by hand, to be searched."""

import json
from typing import Any

from tests.unit.sandbox.serving import Served

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"


def observation(name: str, patient: str, code: str, when: str | None, value: str, **more: Any) -> str:
    content = {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
        **({"effectiveDateTime": when} if when else {}),
        **more,
    }
    quantity = f'{{"value":{value},"unit":"mm Hg","system":"{UCUM}","code":"mm[Hg]"}}'
    return json.dumps(content)[:-1] + f',"valueQuantity":{quantity}}}'


async def fill(served: Served) -> None:
    """Put them there."""
    await served.put({"resourceType": "Organization", "id": "ward", "name": "Ward 5"})
    await served.put({"resourceType": "Practitioner", "id": "doc", "name": [{"family": "Who"}]})
    for name, family, birth in (("ann", "Núñez", "1980-05-06"), ("bob", "Nunn", "1980-05"), ("cy", "O'Hara, Jr", None)):
        patient = {
            "resourceType": "Patient",
            "id": name,
            "identifier": [{"system": "urn:mrn", "value": f"{name}|1"}],
            "name": [{"family": family, "given": [name.title()]}],
            "managingOrganization": {"reference": "Organization/ward"},
            "meta": {"tag": [{"system": "urn:tag", "code": name}]},
        }
        await served.put({**patient, **({"birthDate": birth} if birth else {})})
        served.clock.pass_seconds(60)
    doc = [{"reference": "Practitioner/doc"}, {"identifier": {"system": "urn:npi", "value": "7"}}]
    for body in (
        observation("o1", "ann", "8480-6", "2021-05-01T08:00:00Z", "120", performer=doc),
        observation("o2", "ann", "8480-6", "2021-05-02T23:30:00-05:00", "5.40"),
        observation("o3", "ann", "8462-4", "2021-05", "80"),
        observation("o4", "bob", "8480-6", "2020", "135.5"),
        observation("o5", "bob", "8462-4", None, "90", status="preliminary"),
    ):
        await served.send("PUT", f"Observation/{json.loads(body)['id']}", body)
    stay = {"resourceType": "Encounter", "status": "finished", "subject": {"reference": "Patient/ann"}}
    await served.put({**stay, "id": "e1", "period": {"start": "2021-04-30T22:00:00Z", "end": "2021-05-01T06:00:00Z"}})
    await served.put(
        {**stay, "id": "e2", "period": {"start": "2021-05-03"}, "class": {"system": "urn:c", "code": "AMB"}}
    )
    await served.put({"resourceType": "Medication", "id": "drug", "code": {"text": "aspirin"}})
    order = {"resourceType": "MedicationRequest", "status": "active", "intent": "order"}
    await served.put(
        {
            **order,
            "id": "rx",
            "subject": {"reference": "http://sandbox.test/fhir/Patient/ann"},
            "medicationReference": {"reference": "Medication/drug"},
            "requester": {"reference": "http://elsewhere.test/fhir/Practitioner/9"},
        }
    )
    await served.put({"resourceType": "Questionnaire", "id": "q", "status": "active", "url": "http://forms.test/q"})
