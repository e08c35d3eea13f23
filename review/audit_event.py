"""An act of the audit chain as a FHIR AuditEvent with its hash, so that a copy can be held against the chain."""

from __future__ import annotations

import base64
from typing import Any

from claims.derived_id import derived_id
from review.audit import PROGRAM
from store.audit_copies import Due

Resource = dict[str, Any]

ACT = "urn:preround:act"
"""System of the subtype: what was done."""
SUBJECT = "urn:preround:audit-subject"
"""System of the identifier of what it was done to."""
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"


def event_id(chain_hash: str) -> str:
    """The AuditEvent's id, wherever the server lets us choose it: a row has one place, however often it is sent."""
    return derived_id("audit", chain_hash)


def event_of(due: Due) -> Resource:
    """The AuditEvent of one act.

    Its entity's details hold the act's number, its hash, the hash before it, and `row`: the bytes whose SHA-256 is that
    hash. Whoever has the server's copy alone can check each event and its place with these.
    """
    row = due.link.row
    entities: list[Resource] = [
        {
            "what": {"identifier": {"system": SUBJECT, "value": row.subject}},
            "type": {"system": _ENTITY, "code": "2", "display": "System Object"},
            "detail": [
                {"type": "number", "valueString": str(row.seq)},
                {"type": "hash", "valueString": row.hash},
                {"type": "previous", "valueString": row.previous},
                {"type": "row", "valueBase64Binary": base64.b64encode(due.link.hashed).decode()},
            ],
        }
    ]
    if due.patient is not None:
        entities.append(
            {
                "what": {"reference": due.patient},
                "type": {"system": _ENTITY, "code": "1", "display": "Person"},
                "role": {"system": _ROLE, "code": "1", "display": "Patient"},
            }
        )
    return {
        "resourceType": "AuditEvent",
        "id": event_id(row.hash),
        "type": {"system": _DICOM, "code": "110100", "display": "Application Activity"},
        "subtype": [{"system": ACT, "code": row.act}],
        "action": "E",
        "recorded": row.at.isoformat(timespec="milliseconds"),
        "outcome": "0",
        "agent": _agents(row.actor),
        "source": {"observer": {"display": "Preround"}},
        "entity": entities,
    }


def _agents(actor: str) -> list[Resource]:
    program = {"coding": [{"system": _DICOM, "code": "110150", "display": "Application"}]}
    own: Resource = {"type": program, "who": {"display": "Preround"}, "name": PROGRAM, "requestor": actor == PROGRAM}
    return [own] if actor == PROGRAM else [{"name": actor, "who": {"display": actor}, "requestor": True}, own]
