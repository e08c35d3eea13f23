"""What a person says to write, as FHIR drafts: a measured blood pressure, a referral. Both wait for a signature."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from claims.compose import LOINC

_VITAL = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
            "code": "vital-signs",
            "display": "Vital Signs",
        }
    ]
}
_PANEL = {"system": LOINC, "code": "85354-9", "display": "Blood pressure panel with all children optional"}
_PARTS = (("8480-6", "Systolic blood pressure"), ("8462-4", "Diastolic blood pressure"))


def blood_pressure(
    *, patient: str, said: str, systolic: int, diastolic: int, when: datetime, flowsheet: str
) -> dict[str, Any]:
    """A blood pressure that somebody measured: the words as said, and both numbers in mm[Hg].

    Args:
        patient: ``Patient/id``.
        said: the value as it was said.
        systolic: in mm[Hg].
        diastolic: in mm[Hg].
        when: when it was measured.
        flowsheet: what the house calls the row that it goes to.
    """
    return {
        "resourceType": "Observation",
        "status": "preliminary",
        "category": [_VITAL],
        "code": {"coding": [_PANEL], "text": flowsheet},
        "subject": {"reference": patient},
        "effectiveDateTime": when.isoformat(),
        "valueString": said,
        "component": [
            {
                "code": {"coding": [{"system": LOINC, "code": code, "display": display}]},
                "valueQuantity": {
                    "value": number,
                    "unit": "mmHg",
                    "system": "http://unitsofmeasure.org",
                    "code": "mm[Hg]",
                },
            }
            for (code, display), number in zip(_PARTS, (systolic, diastolic), strict=True)
        ],
    }


def referral(
    *, patient: str, system: str, code: str, service: str, text: str, when: datetime, priority: str | None
) -> dict[str, Any]:
    """A referral as a proposal; it is placed by whoever may place orders.

    Args:
        patient: ``Patient/id``.
        system: the code's system.
        code: of the service.
        service: its name.
        text: the words that go with it.
        when: when it was asked for.
        priority: ``routine``, ``urgent``, ``asap`` or ``stat``, where it was said.
    """
    coding = {"system": system, "code": code, "display": service}
    return {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "code": {"coding": [coding], "text": service},
        "subject": {"reference": patient},
        "authoredOn": when.isoformat(),
        **({"priority": priority} if priority else {}),
        **({"note": [{"text": text}]} if text else {}),
    }
