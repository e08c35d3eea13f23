"""The sealed form: what is written once people have signed, and nothing but what their signatures add.

Pure: the same draft, author, signatures and times give the same bytes. The preview that a person sees before signing is
this same function with that person's would-be signature.

A group is written together: the Device that drafted (equal for every round of one version and model), the target, and
the Provenance that says who verified it and what it stands on.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from claims.author import AI_TYPES, AIAST, Author, Resource, by_identifier, device, device_reference
from claims.canonical import canonical_bytes, sha256_of

PERSON_SYSTEM = "urn:preround:person"

_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_ROLES = "urn:preround:role"
_OPERATIONS = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
_FINAL = {"Composition": "status", "DocumentReference": "docStatus", "Observation": "status"}

Part = Literal["device", "target", "provenance"]
TakesBack = Literal["NULLIFY", "UPDATE"]
"""An undo marks what was made as entered in error, or brings an earlier version back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """One person's signature under one entry."""

    who: str
    """The person's name, as policy and decision know it."""
    role: str
    """The role in which the person signed."""
    when: datetime
    """Wall time of the decision."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SealedResource:
    """One resource of a group."""

    part: Part
    """What it is in the group."""
    resource: Resource
    """The FHIR JSON, with its id."""
    sha256: str
    """SHA-256 of its RFC 8785 form, in hex."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """The group of one entry."""

    resources: tuple[SealedResource, ...]
    """In writing order: device, target, provenance."""
    sha256: str
    """SHA-256 over the RFC 8785 form of the list of the resources' hashes, in hex."""

    @property
    def target(self) -> Resource:
        """The resource that was signed."""
        return next(sealed.resource for sealed in self.resources if sealed.part == "target")


def seal(
    *,
    entry_resource: Resource,
    sources: Sequence[str],
    author: Author,
    signatures: Sequence[Signature],
    recorded: datetime,
    provenance_id: str,
    takes_back: TakesBack | None = None,
    keeps: Collection[Part] = (),
) -> Sealed:
    """Add to a signed draft what its signatures add: final status, attesters, the AI label and a Provenance.

    An undo is written exactly as it was signed: whoever takes a summary back does not attest it, and what a person
    wrote comes back without a label of ours.

    Args:
        entry_resource: the draft as signed, with its id; not changed.
        sources: versioned references that it stands on.
        author: what drafted it.
        signatures: who signed; at least one.
        recorded: wall time of the last needed signature.
        provenance_id: the Provenance's id, from `derived_id`.
        takes_back: how it takes a write back, when it is an undo.
        keeps: the parts that the server does not take; what goes there names a Device that is kept here by identifier.

    Raises:
        ValueError: when there is no signature, or the draft has no id.
    """
    if not signatures:
        raise ValueError("Seal a draft with at least one signature.")
    if not entry_resource.get("id"):
        raise ValueError("Give the draft an id before it is sealed.")
    target = entry_resource if takes_back else _target(entry_resource, signatures)
    provenance = _provenance(target, sources, author, signatures, recorded, provenance_id)
    parts: tuple[tuple[Part, Resource], ...] = (
        ("device", device(author)),
        ("target", target),
        ("provenance", _taking_back(provenance, takes_back) if takes_back else provenance),
    )
    if "device" in keeps:
        parts = tuple((part, by_identifier(resource, device(author))) for part, resource in parts)
    resources = tuple(
        SealedResource(part=part, resource=resource, sha256=sha256_of(resource)) for part, resource in parts
    )
    group = hashlib.sha256(canonical_bytes([sealed.sha256 for sealed in resources])).hexdigest()
    return Sealed(resources=resources, sha256=group)


def finished_form(draft: Resource) -> Resource:
    """A draft with the status that signatures give it: a text or a said measurement becomes final, all else stays."""
    status = _FINAL.get(str(draft["resourceType"]))
    return {**draft, status: "final"} if status is not None and draft.get(status) == "preliminary" else draft


def person(name: str) -> Resource:
    """A reference to a person by name, which points at no resource and so cannot dangle."""
    return {
        "type": "Practitioner",
        "identifier": {"system": PERSON_SYSTEM, "value": name},
        "display": name,
    }


def instant(when: datetime) -> str:
    """An aware datetime as a FHIR instant in UTC, to the millisecond."""
    if when.tzinfo is None:
        raise ValueError("Give the seal datetimes with a time zone.")
    return when.astimezone(UTC).isoformat(timespec="milliseconds")


def _target(draft: Resource, signatures: Sequence[Signature]) -> Resource:
    """The draft with its final status, its attesters and the AI label.

    A DiagnosticReport stays preliminary: a prescriber who accepts it is not its radiologist. Proposals stay proposals
    in draft: what is signed is that they may stand in the record, not that they are ordered.
    """
    target = {**finished_form(draft), "meta": _labelled(draft.get("meta", {}))}
    if draft["resourceType"] == "Composition":
        target["attester"] = [
            *draft.get("attester", ()),
            *(
                {"mode": "professional", "time": instant(signature.when), "party": person(signature.who)}
                for signature in signatures
            ),
        ]
    if draft["resourceType"] == "DocumentReference":
        target["authenticator"] = person(signatures[-1].who)
    return target


def _labelled(meta: Resource) -> Resource:
    security = list(meta.get("security", ()))
    if any((label.get("system"), label.get("code")) == (AIAST["system"], AIAST["code"]) for label in security):
        return meta
    return {**meta, "security": [*security, dict(AIAST)]}


def _provenance(
    target: Resource,
    sources: Sequence[str],
    author: Author,
    signatures: Sequence[Signature],
    recorded: datetime,
    provenance_id: str,
) -> Resource:
    provenance: Resource = {
        "resourceType": "Provenance",
        "id": provenance_id,
        "meta": {"security": [dict(AIAST)]},
        "target": [{"reference": f"{target['resourceType']}/{target['id']}"}],
        "recorded": instant(recorded),
        "reason": [{"coding": [dict(AIAST)]}],
        "agent": [
            {
                "type": {
                    "coding": [
                        {"system": _PARTICIPANT, "code": "author"},
                        {"system": AI_TYPES, "code": "Artificial-Intelligence"},
                    ]
                },
                "who": device_reference(author),
            },
            *(
                {
                    "type": {"coding": [{"system": _PARTICIPANT, "code": "verifier"}]},
                    "role": [{"coding": [{"system": _ROLES, "code": signature.role}]}],
                    "who": person(signature.who),
                }
                for signature in signatures
            ),
        ],
    }
    if sources:
        provenance["entity"] = [{"role": "source", "what": {"reference": source}} for source in sources]
    return provenance


def _taking_back(provenance: Resource, how: TakesBack) -> Resource:
    """The Provenance of an undo: nothing is asserted by a machine, and what stood there is what was revised."""
    author, *verifiers = provenance["agent"]
    assembler = {**author, "type": {"coding": [{"system": _PARTICIPANT, "code": "assembler"}]}}
    found = {name: value for name, value in provenance.items() if name not in {"meta", "reason"}}
    found |= {"activity": {"coding": [{"system": _OPERATIONS, "code": how}]}, "agent": [assembler, *verifiers]}
    if "entity" in found:
        found["entity"] = [{**one, "role": "revision"} for one in found["entity"]]
    return found
