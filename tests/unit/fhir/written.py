"""What the writer is given in its tests, and what the server then holds."""

from decimal import Decimal
from typing import Any

from tests.unit.fhir.fake_fhir import FakeFhir
from tools.fhir.stored import WriteEntry

AIAST = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "AIAST"}


def composition(name: str = "our-1", **fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Composition",
        "id": name,
        "meta": {"security": [AIAST]},
        "status": "final",
        "subject": {"reference": "Patient/p1"},
        "title": "Pre-round",
        "extension": [{"url": "urn:x", "valueDecimal": Decimal("3.10")}],
        **fields,
    }


def provenance(target: str = "Composition/our-1") -> dict[str, Any]:
    return {"resourceType": "Provenance", "id": "prov-1", "target": [{"reference": target}]}


def group() -> list[WriteEntry]:
    # The Provenance comes first: the writer has to find the order that a server without transactions needs.
    return [WriteEntry(resource=provenance(), key="k-prov"), WriteEntry(resource=composition(), key="k-comp")]


def versions(app: FakeFhir) -> dict[str, int]:
    return {f"{kind}/{name}": len(found) for (kind, name), found in app.store.items()}


def only_writes(method: str, path: str) -> bool:
    return method in {"PUT", "POST"}


KINDS = ("Composition", "Provenance", "ServiceRequest")
