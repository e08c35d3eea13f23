"""`/metadata`: the CapabilityStatement, made from the same tables that serve the requests."""

from functools import cache

from preround.sandbox.document import Json, serialise
from preround.sandbox.exchange import Reply, Request, Session
from preround.sandbox.parameters import Parameter, registry
from preround.sandbox.reading import only_known

_INTERACTIONS = (
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
)
_BULK = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition"
_PUBLISHED = "2026-11-01"  # when this statement last changed; the clock has no part in it
_ABOUT = (
    "The embedded sandbox of Preround, for demonstrations and tests. Searches do not look up value sets or convert "
    "units; times without a zone count as UTC. Writes are refused for unknown elements and wrong types, not for "
    "missing ones. Modifiers: missing (all), not (token, uri), exact and contains (string), "
    "identifier and a type (reference). Chains and reverse chains go one step. Each access but those to AuditEvents "
    "leaves an AuditEvent, where the operator has not turned that off; $everything, $export and the history of the "
    "whole system hold AuditEvents only where _type names them, or not at all. An export goes on whenever it is polled."
)


def metadata(session: Session, request: Request) -> Reply:
    """`GET [base]/metadata`."""
    only_known(request.query, set())
    return Reply(status=200, body=_statement(session.base))


@cache
def _resources() -> list[Json]:
    return [_resource(name) for name in sorted(registry().types)]


def _statement(base: str) -> str:
    statement: Json = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _PUBLISHED,
        "kind": "instance",
        "software": {"name": "Preround sandbox"},
        "implementation": {"description": "Preround's embedded FHIR sandbox", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "instantiates": ["http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"],
        "patchFormat": ["application/json-patch+json"],
        "rest": [
            {
                "mode": "server",
                "documentation": _ABOUT,
                "resource": _resources(),
                "interaction": [{"code": code} for code in ("transaction", "batch", "history-system")],
                "operation": [{"name": "export", "definition": f"{_BULK}/export"}],
                "compartment": ["http://hl7.org/fhir/CompartmentDefinition/patient"],
            }
        ],
    }
    return serialise(statement)


def _resource(name: str) -> Json:
    known = registry()
    parameters = known.parameters[name]
    described: Json = {
        "type": name,
        "interaction": [{"code": code} for code in _INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "not-match",
        "conditionalUpdate": True,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "logical"],
        "searchParam": [
            {"name": "_id", "type": "token"},
            {"name": "_lastUpdated", "type": "date"},
            *({"name": one.name, "type": one.kind} for one in parameters.values()),
        ],
        "operation": _operations(name),
    }
    include = sorted(f"{name}:{one.name}" for one in parameters.values() if one.kind == "reference")
    if include:
        described["searchInclude"] = [f"{name}:*", *include]
    reverse = sorted(
        f"{source}:{one.name}"
        for source, members in known.parameters.items()
        for one in members.values()
        if _may_point_at(one, name)
    )
    if reverse:
        described["searchRevInclude"] = reverse
    return described


def _may_point_at(parameter: Parameter, name: str) -> bool:
    return parameter.kind == "reference" and (not parameter.targets or name in parameter.targets)


def _operations(name: str) -> list[Json]:
    found = [{"name": "validate", "definition": "http://hl7.org/fhir/OperationDefinition/Resource-validate"}]
    if name == "Patient":
        found.append({"name": "everything", "definition": "http://hl7.org/fhir/OperationDefinition/Patient-everything"})
        found.append({"name": "export", "definition": f"{_BULK}/patient-export"})
    if name == "Group":
        found.append({"name": "export", "definition": f"{_BULK}/group-export"})
    return found
