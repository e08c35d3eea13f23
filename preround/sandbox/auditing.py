"""An AuditEvent for each access, after IHE's profiles of basic audit: who asked for what, about whom, and how it went.

An event names resources by reference and search parameters by name; it holds no value that a search asked for and no
content. What is done to AuditEvents themselves leaves none, so nothing audits itself; nor does what shows no data.
"""

import re
from collections.abc import Iterable

from preround.sandbox.compartment import AUDIT, patients_of
from preround.sandbox.document import Json
from preround.sandbox.exchange import Reply, Request, Session
from preround.sandbox.instants import instant
from preround.sandbox.versions import Writer

_ACTIONS = {"create": "C", "read": "R", "vread": "R", "update": "U", "patch": "U", "delete": "D"}
_LISTED = frozenset({*_ACTIONS, "batch", "transaction"})  # what others show can be thousands: their patients are named
_DICOM, _EVENTS = "http://dicom.nema.org/resources/ontology/DCM", "http://terminology.hl7.org/CodeSystem"
_WHOSE = frozenset({"patient", "subject", "patient:Patient", "subject:Patient"})
_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
_BALP = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"


def is_audited(request: Request, interaction: str) -> bool:
    """Whether a request is an access to data that the trail is to hold."""
    return bool(interaction) and request.segments[:1] != (AUDIT,)


def record(session: Session, request: Request, interaction: str, reply: Reply) -> None:
    """Store the event of one request.

    Args:
        session: inside a transaction with the write lock.
        request: what was asked.
        interaction: FHIR's name of it.
        reply: what was answered, or refused.
    """
    done = reply.interaction or interaction
    touched = [path for path in reply.touched if not path.startswith(f"{AUDIT}/")]
    if reply.touched and not touched:
        return
    event = _event(session, request, done, reply.status, _entities(session, request, done, reply.status, touched))
    writer = Writer(session.connection, base=session.base, now=session.now)
    writer.put(AUDIT, session.new_id(), event, method="POST", previous=None)
    writer.flush()


def _event(session: Session, request: Request, done: str, status: int, entities: list[Json]) -> Json:
    client: Json = {"type": _coded(_DICOM, "110153", "Source Role ID"), "requestor": True}
    if request.source:
        client["network"] = {"address": request.source, "type": "2"}
    server: Json = {"type": _coded(_DICOM, "110152", "Destination Role ID"), "who": _US, "requestor": False}
    server["network"] = {"address": session.base, "type": "5"}
    return {
        "resourceType": AUDIT,
        "type": {"system": f"{_EVENTS}/audit-event-type", "code": "rest", "display": "RESTful Operation"},
        "subtype": [{"system": "http://hl7.org/fhir/restful-interaction", "code": done}],
        "action": _ACTIONS.get(done, "R" if done.startswith("history") else "E"),
        "recorded": instant(session.now),
        "outcome": "0" if status < 400 else "4" if status < 500 else "8",
        "agent": [client, server],
        "source": {"observer": _US},
        **({"entity": entities} if entities else {}),
    }


def _entities(session: Session, request: Request, done: str, status: int, touched: Iterable[str]) -> list[Json]:
    paths = list(touched) or _asked(request)
    entities: list[Json] = [
        {"what": {"reference": one}, "type": _type("1", "Person"), "role": _role("1", "Patient")}
        for one in patients_of(session.connection, paths)
    ]
    if done in _LISTED:
        entities += [
            {"what": {"reference": one}, "type": _type("2", "System Object"), "role": _role("4", "Domain Resource")}
            for one in paths
            if not one.startswith("Patient/")
        ]
    names = sorted({name for name, _ in request.query})
    if names and status < 400:  # a refused name can be anything
        detail: list[Json] = [{"type": "parameter", "valueString": name} for name in names]
        query: Json = {"type": _type("2", "System Object"), "role": _role("24", "Query"), "detail": detail}
        entities.append(query)
    if request.request_id:
        what: Json = {"identifier": {"value": request.request_id}}
        entities.append({"what": what, "type": {"system": _BALP, "code": "XrequestId"}})
    return entities


def _asked(request: Request) -> list[str]:
    """The resource in the address, and the patients that a search names, where nothing else was found."""
    address = "/".join(request.segments[:2])
    patients = [f"Patient/{value.removeprefix('Patient/')}" for name, value in request.query if name in _WHOSE]
    return [one for one in (address, *patients) if _REFERENCE.fullmatch(one)]


def _coded(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _type(code: str, display: str) -> Json:
    return {"system": f"{_EVENTS}/audit-entity-type", "code": code, "display": display}


def _role(code: str, display: str) -> Json:
    return {"system": f"{_EVENTS}/object-role", "code": code, "display": display}


_US: Json = {"display": "Preround sandbox"}
