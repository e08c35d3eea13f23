"""Who is in a cohort: a Group's members, the patients that a search finds, or those that a bulk export names.

Only ids are kept; what else comes along is read past.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence

from tools.fhir.client import PAGE, FhirClient
from tools.fhir.errors import FhirGarbled, FhirRefused, FhirUnreachable
from tools.fhir.query import Params, is_id
from tools.fhir.wire import Json, Resource

MOST = 1_000_000
"""The largest cohort."""
EXPORT_SECONDS = 3600.0
"""So long an export may take."""
_FILE = 1 << 30
_PAGE = 1 << 24
_LONGEST_WAIT = 30.0
_SUBJECTS = ("subject", "patient", "beneficiary", "individual", "for")


async def searched(client: FhirClient, resource_type: str, params: Params) -> tuple[str, ...]:
    """The ids of the patients that a search finds, or whose resources it finds, each once in the server's order.

    Args:
        client: of the server.
        resource_type: `Patient`, or a type whose resources belong to patients.
        params: search parameters.

    Raises:
        FhirError: the server refused, or could not be read to the end.
    """
    elements = "id" if resource_type == "Patient" else ",".join(_SUBJECTS)
    own = [("_count", str(PAGE))]
    if not any(name in {"_elements", "_summary"} for name, _ in params):
        own.append(("_elements", elements))
    answer = await client.search(resource_type, [*params, *own], cap=MOST)
    if answer.problem is not None or answer.truncated:
        why = answer.problem or "there is more than can be read"
        raise FhirUnreachable(f"The list of patients is not whole ({why}): ask for fewer, or use --export.")
    found = (_patient_of(r, resource_type) for r in answer.resources if r["resourceType"] == resource_type)
    return tuple(dict.fromkeys(one for one in found if one))


def _patient_of(resource: Resource, resource_type: str) -> str | None:
    if resource_type == "Patient":
        return str(resource.get("id"))
    found = [_id_in(resource.get(name)) for name in _SUBJECTS]
    return next((one for one in found if one), None)


def _id_in(reference: Json) -> str | None:
    """The patient's id in a Reference; None where it points at anything else."""
    text = str(reference.get("reference", "")) if isinstance(reference, dict) else ""
    kind, _, name = text.rpartition("Patient/")
    return (
        name.partition("/")[0] if name and (not kind or kind.endswith("/")) and is_id(name.partition("/")[0]) else None
    )


async def members(client: FhirClient, group_id: str) -> tuple[str, ...]:
    """The ids of a Group's members who are active; by a bulk export where the Group does not list them.

    Raises:
        FhirError: there is no such Group, or the server can't say who is in it.
    """
    group = await client.read("Group", group_id)
    listed = listed_in(group)
    if listed or group.get("quantity") == 0:
        return listed
    return await exported(client, f"Group/{group_id}/$export")


def listed_in(group: Resource) -> tuple[str, ...]:
    """The ids of the members whom a Group resource lists and who are active, each once."""
    rows = group.get("member")
    active = (
        [r for r in rows if isinstance(r, dict) and r.get("inactive") is not True] if isinstance(rows, list) else []
    )
    return tuple(dict.fromkeys(one for row in active if (one := _id_in(row.get("entity")))))


async def exported(client: FhirClient, path: str = "Patient/$export") -> tuple[str, ...]:
    """The ids of the patients of a bulk export, which is asked for, waited for and read.

    Args:
        client: of the server.
        path: which export.

    Raises:
        FhirError: the server does not offer it, or it did not come to an end in time.
    """
    started = await client.fetch(f"{path}?_type=Patient", most=_PAGE, headers={"Prefer": "respond-async"})
    if started.status != 202 or not started.headers.get("content-location"):
        raise FhirRefused("The server does not start a bulk export: use --all, --group or --search.")
    link, waited = started.headers["content-location"], 0.0
    while (answer := await client.fetch(link, most=_PAGE, headers={"Accept": "application/json"})).status == 202:
        wait = min(_LONGEST_WAIT, max(0.2, _seconds(answer.headers.get("retry-after"), waited)))
        if waited > EXPORT_SECONDS:
            raise FhirUnreachable("The bulk export did not come to an end within an hour: try again, or use --all.")
        await asyncio.sleep(wait)
        waited += wait
    found: dict[str, None] = {}
    for url in _files(answer.body):
        file = await client.fetch(url, most=_FILE, headers={"Accept": "application/fhir+ndjson"})
        found.update(dict.fromkeys(_ids(file.body)))
    return tuple(found)


def _seconds(said: str | None, waited: float) -> float:
    """How long to wait before asking again: as the server says, else longer each time."""
    return float(said) if said and said.isdigit() else min(5.0, 0.2 + waited / 2)


def _files(body: bytes) -> Sequence[str]:
    try:
        manifest = json.loads(body)
        return [str(one["url"]) for one in manifest["output"] if one["type"] == "Patient"]
    except (ValueError, KeyError, TypeError) as error:
        raise FhirGarbled from error


def _ids(ndjson: bytes) -> Iterable[str]:
    for line in ndjson.splitlines():
        if not line.strip():
            continue
        try:
            resource = json.loads(line)
            kind, name = resource["resourceType"], str(resource["id"])
        except (ValueError, KeyError, TypeError) as error:
            raise FhirGarbled from error
        if kind == "Patient" and is_id(name):
            yield name
