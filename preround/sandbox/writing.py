"""Create, update, patch and delete of one resource."""

from base64 import b64decode
from urllib.parse import parse_qsl

import jsonpatch

from preround.sandbox.compartment import patients_of
from preround.sandbox.content import JSON_TYPES, check_id, content_of
from preround.sandbox.document import Json, parse, serialise
from preround.sandbox.exchange import Reply, Request, Session
from preround.sandbox.outcome import FhirError, Issue, operation_outcome
from preround.sandbox.preconditions import check_preconditions
from preround.sandbox.references import Links
from preround.sandbox.search import only_match
from preround.sandbox.validation import check_structure
from preround.sandbox.versions import Current, Version, Writer, current, live, version_at

PATCH_TYPE = "application/json-patch+json"
"""Media type of a JSON Patch."""


def create(session: Session, request: Request) -> Reply:
    """`POST [base]/Type`, with If-None-Exist if the caller sends it."""
    resource_type = request.segments[0]
    content = content_of(request, resource_type)
    if request.if_none_exist is not None:
        found = existing(session, resource_type, request.if_none_exist)
        if found is not None:
            return written(session, request, found, status=200)
    return _store(session, request, (resource_type, session.new_id()), content, None)


def update(session: Session, request: Request) -> Reply:
    """`PUT [base]/Type/id` or `PUT [base]/Type?…`; makes the resource when it is not there."""
    resource_type = request.segments[0]
    if len(request.segments) == 1:
        content = content_of(request, resource_type)
        logical_id = conditional_id(session, request, content)
    else:
        logical_id = check_id(request.segments[1])
        content = content_of(request, resource_type, logical_id)
    previous = current(session.connection, resource_type, logical_id)
    check_preconditions(request, previous)
    return _store(session, request, (resource_type, logical_id), content, previous)


def patch(session: Session, request: Request) -> Reply:
    """`PATCH [base]/Type/id` with a JSON Patch; in a bundle the patch comes as a Binary."""
    resource_type, logical_id = request.segments
    previous = live(session.connection, resource_type, logical_id)
    check_preconditions(request, previous)
    stored = version_at(session.connection, previous.seq)
    try:
        changed = jsonpatch.apply_patch(parse((stored.body or "").encode()), _operations(request))
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, ValueError) as error:
        raise FhirError(422, "processing", "The patch does not apply to the current version.") from error
    if not isinstance(changed, dict) or (changed.get("resourceType"), changed.get("id")) != (resource_type, logical_id):
        raise FhirError(422, "processing", "A patch cannot change what the resource is or its id.")
    return _store(session, request, (resource_type, logical_id), changed, previous)


def delete(session: Session, request: Request) -> Reply:
    """`DELETE [base]/Type/id`; done again, or for what never was, it changes nothing."""
    resource_type, logical_id = request.segments
    previous = current(session.connection, resource_type, logical_id)
    if request.if_match is not None:
        check_preconditions(request, previous)
    if previous is None or previous.deleted:
        return Reply(status=204)
    patients = patients_of(session.connection, [f"{resource_type}/{logical_id}"])  # afterwards it is in no chart
    writer = Writer(session.connection, base=session.base, now=session.now)
    made = writer.delete(resource_type, logical_id, previous=previous)
    writer.flush()
    return Reply(status=204, etag=made.etag, modified=made.modified, touched=(*patients, made.versioned))


def existing(session: Session, resource_type: str, condition: str) -> Version | None:
    """The one resource that an If-None-Exist condition matches.

    Raises:
        FhirError: 412 when several match.
    """
    query = tuple(parse_qsl(condition.removeprefix("?"), keep_blank_values=True))
    logical_id = only_match(session, resource_type, query)
    if logical_id is None:
        return None
    return version_at(session.connection, live(session.connection, resource_type, logical_id).seq)


def conditional_id(session: Session, request: Request, content: Json) -> str:
    """The id that a conditional update writes to.

    Raises:
        FhirError: 400 or 409 when the body's id says something else than the match; 412 when several match.
    """
    resource_type, given = request.segments[0], content.get("id")
    matched = only_match(session, resource_type, request.query)
    if given is None:
        return matched or session.new_id()
    given = check_id(str(given))
    if matched is not None and matched != given:
        raise FhirError(400, "invalid", "The id in the body is not the one of the resource that the condition matches.")
    if matched is None and current(session.connection, resource_type, given) is not None:
        raise FhirError(409, "conflict", "A resource with the body's id exists, and the condition does not match it.")
    return given


def written(session: Session, request: Request, version: Version, *, status: int) -> Reply:
    """The reply to a write, with the body that the caller prefers."""
    body: str | None = version.body
    if "return=minimal" in request.prefer:
        body = None
    elif "return=operationoutcome" in request.prefer:
        issue = Issue(severity="information", code="informational", text=f"{version.type} stored.")
        body = serialise(operation_outcome([issue]))
    return Reply(
        status=status,
        body=body,
        etag=version.etag,
        modified=version.modified,
        location=f"{session.base}/{version.versioned}",
        touched=(version.versioned,),
    )


def _store(
    session: Session, request: Request, identity: tuple[str, str], content: Json, previous: Current | None
) -> Reply:
    links = Links(content)
    if links.conditional:
        links.resolve(session, {})
    writer = Writer(session.connection, base=session.base, now=session.now)
    made = writer.put(*identity, content, method=request.method, previous=previous)
    check_structure(made.type, made.body or "")
    writer.flush()
    return written(session, request, made, status=201 if previous is None or previous.deleted else 200)


def _operations(request: Request) -> list[Json]:
    operations: object
    if request.resource is not None:
        operations = parse(_patch_in_binary(request.resource))
    elif request.content_type == PATCH_TYPE or request.content_type in JSON_TYPES:
        operations = parse(request.body)
    else:
        raise FhirError(415, "not-supported", f"Send a JSON Patch with Content-Type {PATCH_TYPE}.")
    if not isinstance(operations, list) or not all(isinstance(item, dict) for item in operations):
        raise FhirError(400, "structure", "A JSON Patch is a list of operations.")
    return operations


def _patch_in_binary(binary: Json) -> bytes:
    if binary.get("resourceType") != "Binary" or binary.get("contentType") != PATCH_TYPE:
        raise FhirError(400, "invalid", f"A PATCH entry carries a Binary of contentType {PATCH_TYPE}.")
    try:
        return b64decode(str(binary.get("data", "")), validate=True)
    except ValueError as error:
        raise FhirError(400, "invalid", "The Binary's data is not base64.") from error
