"""The tool that reads the round's patient."""

from tools.fhir.client import FhirClient
from tools.fhir.scope import PatientScope
from tools.fhir.wire import Resource


async def read_patient(client: FhirClient, scope: PatientScope) -> Resource:
    """The Patient resource of the round.

    Raises:
        FhirNotFound: the server has no such patient, or no longer.
        FhirRefused: the server refused.
        FhirGarbled: the answer is not that patient.
        FhirUnreachable: the server did not answer within the limits.
    """
    return await client.read("Patient", scope.patient_id)
