"""The resource in a request's body, checked against the address it was sent to."""

import re
from base64 import b64encode

from preround.sandbox.document import Json, parse
from preround.sandbox.exchange import Request
from preround.sandbox.outcome import FhirError

JSON_TYPES = frozenset({"application/fhir+json", "application/json", "text/json"})
"""Media types of FHIR JSON."""

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def content_of(request: Request, resource_type: str, logical_id: str | None = None) -> Json:
    """The parsed resource of a create or an update.

    A body of another media type sent to Binary becomes a Binary.

    Args:
        request: the request.
        resource_type: the type in its address.
        logical_id: the id in its address, if there is one.

    Raises:
        FhirError: 400 when it is no resource of that type and id; 415 when it is not JSON.
    """
    content = request.resource
    if content is None:
        if request.content_type not in JSON_TYPES:
            content = _binary(request, resource_type, logical_id)
        else:
            content = resource_in(parse(request.body))
    if content.get("resourceType") != resource_type:
        raise FhirError(400, "invalid", f"The resourceType in the body must be {resource_type}, as in the address.")
    if logical_id is not None and content.get("id") != logical_id:
        raise FhirError(400, "invalid", "The id in the body must be the one in the address.")
    return content


def resource_in(value: object) -> Json:
    """The value, which must be a resource.

    Raises:
        FhirError: 400 when it is not an object with a resourceType.
    """
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise FhirError(400, "structure", "The body must be one FHIR resource: an object with a resourceType.")
    return value


def check_id(text: str) -> str:
    """The text, which must be a FHIR id.

    Raises:
        FhirError: 400 when it is not.
    """
    if not _ID.fullmatch(text):
        raise FhirError(400, "value", "An id is 1 to 64 letters, digits, hyphens and dots.")
    return text


def _binary(request: Request, resource_type: str, logical_id: str | None) -> Json:
    if resource_type != "Binary" or not request.content_type:
        raise FhirError(415, "not-supported", "Send JSON with Content-Type application/fhir+json.")
    content: Json = {"resourceType": "Binary", "contentType": request.content_type}
    if logical_id is not None:
        content["id"] = logical_id
    return {**content, "data": b64encode(request.body).decode()}
