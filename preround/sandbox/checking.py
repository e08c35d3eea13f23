"""`$validate`: what the R4B models say of a resource."""

from preround.sandbox.content import content_of, resource_in
from preround.sandbox.document import Json, parse, serialise
from preround.sandbox.exchange import Reply, Request, Session
from preround.sandbox.outcome import FhirError, Issue, operation_outcome
from preround.sandbox.reading import only_known
from preround.sandbox.validation import problems


def validate(session: Session, request: Request) -> Reply:
    """`POST [base]/Type/$validate` with the resource, or with Parameters that hold it; nothing is stored."""
    only_known(request.query, set())
    resource_type = request.segments[0]
    content = _resource(request)
    if content.get("resourceType") != resource_type:
        raise FhirError(400, "invalid", f"The resourceType in the body must be {resource_type}, as in the address.")
    found = problems(resource_type, serialise(content))
    valid = "The structure is valid; profiles and the codes' value sets were not looked at."
    issues = found or [Issue(severity="information", code="informational", text=valid)]
    return Reply(status=200, body=serialise(operation_outcome(issues)))


def _resource(request: Request) -> Json:
    body = request.resource if request.resource is not None else resource_in(parse(request.body))
    if body["resourceType"] != "Parameters":
        return content_of(request, body["resourceType"])
    for parameter in body.get("parameter") or []:
        if isinstance(parameter, dict) and parameter.get("name") == "resource":
            return resource_in(parameter.get("resource"))
    raise FhirError(400, "required", "The Parameters hold no parameter named resource.")
