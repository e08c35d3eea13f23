"""The list of a server's patients: who they are and how much is known about each."""

import asyncio
from dataclasses import dataclass

from tools.fhir.client import FhirClient
from tools.fhir.errors import FhirError, FhirUnreachable
from tools.fhir.resource_types import OWNED
from tools.fhir.scope import PatientScope
from tools.fhir.wire import Json, Resource


@dataclass(frozen=True, kw_only=True, slots=True)
class PatientRow:
    """One line of the list."""

    id: str
    """The patient's logical id."""
    name: str
    """Family and given names as one text; empty where none is recorded."""
    birth_date: str | None
    """As recorded: YYYY, YYYY-MM or YYYY-MM-DD."""
    resources: int | None
    """The Patient and all that the server finds by patient; None where it can't be counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PatientList:
    """The patients found."""

    rows: tuple[PatientRow, ...]
    """In order of id."""
    truncated: bool
    """True where the server has more."""


async def find_patients(client: FhirClient, *, cap: int = 1000) -> PatientList:
    """List the server's patients with the number of resources of each.

    Costs one request for each page of patients, then one count for each patient and type that the server has at all.

    Raises:
        FhirError: the list itself could not be read; a count that fails is None in its row.
    """
    answer = await client.search("Patient", [("_count", str(min(cap, 500)))], cap=cap)
    patients = sorted((r for r in answer.resources if r["resourceType"] == "Patient"), key=lambda r: str(r["id"]))
    types = await _types(client)
    counts = await asyncio.gather(*(_count(client, str(patient["id"]), types) for patient in patients))
    rows = tuple(
        PatientRow(
            id=str(patient["id"]),
            name=name_of(patient),
            birth_date=birth if isinstance(birth := patient.get("birthDate"), str) else None,
            resources=count,
        )
        for patient, count in zip(patients, counts, strict=True)
    )
    return PatientList(rows=rows, truncated=answer.truncated)


def name_of(patient: Resource) -> str:
    """The official name, or the first recorded, as `Family, Given Given`; the text alone where there are no parts."""
    names = [name for name in _list(patient.get("name")) if isinstance(name, dict)]
    name = next((n for n in names if n.get("use") == "official"), names[0] if names else {})
    given = " ".join(part for part in _list(name.get("given")) if isinstance(part, str))
    family = name.get("family") if isinstance(name.get("family"), str) else ""
    parts = [part for part in (family, given) if part]
    return ", ".join(parts) or (name["text"] if isinstance(name.get("text"), str) else "")


async def _types(client: FhirClient) -> list[str]:
    """The patient-owned types that the server is known to search and has at least one resource of."""
    capabilities = await client.capabilities()
    offered = sorted(kind for kind in OWNED if capabilities.known and capabilities.offers_search(kind))
    try:
        totals = await asyncio.gather(*(client.count(kind) for kind in offered))
    except FhirUnreachable:
        raise
    except FhirError:
        return offered  # some servers refuse an unbounded count
    return [kind for kind, total in zip(offered, totals, strict=True) if total]


async def _count(client: FhirClient, patient_id: str, types: list[str]) -> int | None:
    capabilities = await client.capabilities()
    if not capabilities.known:
        return None
    scope = PatientScope(patient_id=patient_id, base_url=client.base_url)
    try:
        totals = [await client.count(kind, scope.params(kind, (), capabilities)) for kind in types]
    except FhirUnreachable:
        raise
    except FhirError:
        return None
    return 1 + sum(totals)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
