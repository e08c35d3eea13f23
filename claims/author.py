"""Who drafted: the program and its model as a Device, and the label of what a machine asserted.

Names of the AI Transparency guide are of its 2026 ballot.
"""

from dataclasses import dataclass
from typing import Any, Literal

from claims.canonical import sha256_of
from claims.derived_id import derived_id

DEVICE_SYSTEM = "urn:preround:device"
AIAST = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}
_AI_BASE = "http://hl7.org/fhir/uv/aitransparency"
AI_TYPES = f"{_AI_BASE}/CodeSystem/AIdeviceTypeCS"
_AI_KIND = f"{_AI_BASE}/StructureDefinition/aitransparency.AIKind"

Resource = dict[str, Any]
ModelKind = Literal["Large-Language-Models", "Vision-Language-Models"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """What drafted the resources."""

    device_name: str
    """The program's name, `Preround`."""
    version: str
    """The program's version."""
    reasoner: str
    """`offline`, `vllm` or `transformers`."""
    model_name: str | None = None
    """The model's name; None for the offline reasoner."""
    model_revision: str | None = None
    """The model's revision, when one is pinned."""
    model_kind: ModelKind | None = "Large-Language-Models"
    """The kind of model, where there is one and the guide has a code for it."""


def device_reference(author: Author) -> Resource:
    """The reference by which a draft names its author."""
    return {"reference": f"Device/{device(author)['id']}", "display": author.device_name}


def device(author: Author) -> Resource:
    """The author as a Device; its id is derived from its content."""
    model = None if author.model_name is None else "@".join(filter(None, (author.model_name, author.model_revision)))
    content: Resource = {
        "resourceType": "Device",
        "identifier": [
            {"system": DEVICE_SYSTEM, "value": "/".join(filter(None, (author.version, author.reasoner, model)))}
        ],
        "status": "active",
        "manufacturer": author.device_name,
        "deviceName": [{"name": f"{author.device_name} ({author.reasoner})", "type": "user-friendly-name"}],
        "type": {"coding": [{"system": AI_TYPES, "code": "Artificial-Intelligence"}]},
        "version": [{"type": {"text": "program"}, "value": author.version}],
    }
    if model is not None and author.model_kind is not None:
        content["extension"] = [
            {
                "url": _AI_KIND,
                "valueCodeableConcept": {"coding": [{"system": AI_TYPES, "code": author.model_kind}]},
            }
        ]
    if model is not None:
        content["version"].append({"type": {"text": "model"}, "value": model})
    return {**content, "id": derived_id("device", sha256_of(content))}


def by_identifier(value: Any, drafter: Resource) -> Any:  # noqa: ANN401 - any JSON value
    """The value with each reference to the Device made one by identifier, which cannot dangle."""
    if isinstance(value, list):
        return [by_identifier(member, drafter) for member in value]
    if not isinstance(value, dict):
        return value
    found = {name: by_identifier(member, drafter) for name, member in value.items()}
    if found.get("reference") != f"Device/{drafter['id']}":
        return found
    del found["reference"]
    return {**found, "type": "Device", "identifier": drafter["identifier"][0]}
