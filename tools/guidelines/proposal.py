"""The draft that a recommendation proposes: its ActivityDefinition turned to one patient."""

from collections.abc import Mapping, Sequence
from typing import Any

from tools.guidelines.recommendation import Recommendation

CARRIED: Mapping[str, Mapping[str, str]] = {
    "ServiceRequest": {"code": "code", "priority": "priority"},
    "MedicationRequest": {
        "productCodeableConcept": "medicationCodeableConcept",
        "dosage": "dosageInstruction",
        "priority": "priority",
    },
}
"""By kind, which element of the ActivityDefinition becomes which of the request."""


def propose(recommendation: Recommendation, *, patient: str, reasons: Sequence[str]) -> dict[str, Any]:
    """The request that the recommendation proposes for a patient.

    Args:
        recommendation: due for the patient.
        patient: reference of the patient.
        reasons: references of the Conditions that it stands on.

    Returns:
        An R4 ServiceRequest or MedicationRequest without id: status draft, intent proposal.
    """
    activity = recommendation.activity
    kind = activity["kind"]
    request: dict[str, Any] = {
        "resourceType": kind,
        "instantiatesCanonical": [f"{recommendation.canonical}|{recommendation.version}"],
        "status": "draft",
        "intent": "proposal",
        "subject": {"reference": patient},
    }
    request |= {name: activity[source] for source, name in CARRIED[kind].items() if source in activity}
    if reasons:
        request["reasonReference"] = [{"reference": each} for each in reasons]
    return request
