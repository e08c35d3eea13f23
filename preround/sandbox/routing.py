"""Which interaction a method and a path mean."""

from dataclasses import dataclass

from preround.sandbox.bundles import process_bundle
from preround.sandbox.capability import metadata
from preround.sandbox.checking import validate
from preround.sandbox.everything import everything
from preround.sandbox.exchange import Handler, Reply, Request, Session
from preround.sandbox.export import JOBS, export_all, export_group, export_patients
from preround.sandbox.export_files import export_delete, export_file, export_status
from preround.sandbox.outcome import FhirError
from preround.sandbox.parameters import registry
from preround.sandbox.reading import read, read_history, vread
from preround.sandbox.search import search_type
from preround.sandbox.writing import create, delete, patch, update


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One interaction."""

    method: str
    """HTTP method."""
    pattern: tuple[str, ...]
    """Path segments; `Type` stands for any resource type and `id` for any id or version."""
    handler: Handler
    """What answers."""
    interaction: str
    """FHIR's name of it; empty where it gives and takes no data."""
    writes: bool = False
    """Whether it needs the write lock."""


def dispatch(session: Session, request: Request) -> Reply:
    """Answer one request inside its SQL transaction.

    Raises:
        FhirError: when it is refused.
    """
    return route_of(request).handler(session, request)


def route_of(request: Request) -> Route:
    """The route of a request.

    Raises:
        FhirError: 404 for an address that means nothing, 405 for a method that the address does not have.
    """
    there = [route for route in _ROUTES if _matches(route.pattern, request.segments)]
    if not there:
        raise FhirError(404, "not-found", "This address means nothing here; see /metadata for what is offered.")
    for route in there:
        if route.method == request.method:
            return route
    offered = ", ".join(sorted({route.method for route in there}))
    raise FhirError(405, "not-supported", f"This address takes {offered}.")


def _matches(pattern: tuple[str, ...], segments: tuple[str, ...]) -> bool:
    return len(pattern) == len(segments) and all(map(_fits, pattern, segments))


def _fits(part: str, segment: str) -> bool:
    if part == "Type":
        return segment in registry().types
    if part == "id":
        return segment[:1] not in {"_", "$", ""}
    return part == segment


def _bundle(session: Session, request: Request) -> Reply:
    return process_bundle(session, request, dispatch)


def _route(method: str, path: str, interaction: str, handler: Handler, *, writes: bool = False) -> Route:
    pattern = tuple(filter(None, path.split("/")))
    return Route(method=method, pattern=pattern, interaction=interaction, handler=handler, writes=writes)


_ROUTES = (
    _route("GET", "metadata", "", metadata),
    _route("POST", "", "batch", _bundle, writes=True),
    _route("GET", "_history", "history-system", read_history),
    _route("GET", "Type", "search-type", search_type),
    _route("POST", "Type/_search", "search-type", search_type),
    _route("POST", "Type", "create", create, writes=True),
    _route("PUT", "Type", "update", update, writes=True),
    _route("GET", "Type/_history", "history-type", read_history),
    _route("POST", "Type/$validate", "operation", validate),
    _route("POST", "Type/id/$validate", "operation", validate),
    _route("GET", "Type/id", "read", read),
    _route("PUT", "Type/id", "update", update, writes=True),
    _route("PATCH", "Type/id", "patch", patch, writes=True),
    _route("DELETE", "Type/id", "delete", delete, writes=True),
    _route("GET", "Type/id/_history", "history-instance", read_history),
    _route("GET", "Type/id/_history/id", "vread", vread),
    _route("GET", "Patient/id/$everything", "operation", everything),
    _route("GET", "Patient/id/Type", "search-type", search_type),
    _route("POST", "Patient/id/Type/_search", "search-type", search_type),
    *(
        _route(method, path, "operation", handler, writes=True)
        for method in ("GET", "POST")
        for path, handler in (
            ("$export", export_all),
            ("Patient/$export", export_patients),
            ("Group/id/$export", export_group),
        )
    ),
    _route("GET", f"{JOBS}/id", "", export_status, writes=True),
    _route("DELETE", f"{JOBS}/id", "", export_delete, writes=True),
    _route("GET", f"{JOBS}/id/id", "operation", export_file),
)
