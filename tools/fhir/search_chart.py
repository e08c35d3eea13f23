"""The tool that reads one kind of resource of one patient's chart, and says how that went."""

from collections.abc import Iterable, Sequence

from tools.evidence import Coverage, Evidence
from tools.fhir.capabilities import Capabilities
from tools.fhir.client import FhirClient, Params, is_id
from tools.fhir.errors import FhirError, FhirNotFound, FhirUnreachable
from tools.fhir.scope import PatientScope
from tools.fhir.wire import Resource

TOOL = "fhir_read"
"""The tool's name in coverage lines and plans."""

PAGE = 1000
"""Resources asked for in one page: a chart of 1,700 in 13 types takes about as many requests as types."""

_MEDICATION_TYPES = frozenset(
    {"MedicationRequest", "MedicationStatement", "MedicationAdministration", "MedicationDispense"}
)
_AT_ONCE = 50
"""Ids in one `_id` search; more make an address that some servers cut."""


async def search_chart(
    client: FhirClient,
    scope: PatientScope,
    resource_type: str,
    *,
    coverage_id: str,
    params: Params = (),
    cap: int = 5000,
    follow_requests: int = 4,
) -> Evidence:
    """Read the patient's resources of one type, with the medications they point to.

    Nothing found is a result; a server that refuses, garbles or does not offer this type is a coverage line with an
    error. Resources of another patient are dropped, and counted in that error.

    Args:
        client: an open client.
        scope: the round's patient.
        resource_type: a type of the patient compartment, such as `Observation`, or `Patient`.
        coverage_id: the coverage line's id.
        params: more search parameters in order; none may name a patient.
        cap: the most resources of the type to read.
        follow_requests: the most requests spent on following references to Medication.

    Raises:
        WrongPatient: the search names a patient itself, or the type is not searched by patient.
        FhirUnreachable: the server did not answer within the limits.
    """
    capabilities = await client.capabilities()
    asked = scope.params(resource_type, [*params, ("_count", str(min(PAGE, cap)))], capabilities)
    including = f"{resource_type}:medication"
    if resource_type in _MEDICATION_TYPES and capabilities.offers_include(resource_type, including):
        asked.append(("_include", including))
    query = _shown(resource_type, asked)

    def line(found: int, *, truncated: bool = False, error: str | None = None) -> Coverage:
        return Coverage(id=coverage_id, tool=TOOL, query=query, found=found, truncated=truncated, error=error)

    if not capabilities.offers_search(resource_type):
        return Evidence(coverage=line(0, error=f"The server does not offer {resource_type}."), resources=())
    if missing := _unlisted(resource_type, asked, capabilities):
        error = f"The server does not offer a search of {resource_type} by {missing}."
        return Evidence(coverage=line(0, error=error), resources=())
    try:
        answer = await client.search(resource_type, asked, cap=cap)
    except FhirUnreachable:
        raise
    except FhirNotFound:
        return Evidence(coverage=line(0, error=f"The server does not offer {resource_type}."), resources=())
    except FhirError as refused:
        return Evidence(coverage=line(0, error=str(refused)), resources=())
    kept, refusals = scope.split(answer.resources)
    problems = [answer.problem] if answer.problem else []
    if refusals:
        problems.append(f"{refusals} resources were refused because they are not clearly this patient's.")
    if resource_type in _MEDICATION_TYPES:
        medications, problem = await _follow(client, scope, kept, follow_requests)
        kept += medications
        problems += [problem] if problem else []
    found = sum(resource["resourceType"] == resource_type for resource in kept)
    return Evidence(
        coverage=line(found, truncated=answer.truncated, error=" ".join(problems) or None),
        resources=kept,
    )


async def _follow(
    client: FhirClient, scope: PatientScope, resources: Sequence[Resource], requests: int
) -> tuple[tuple[Resource, ...], str | None]:
    """The Medication resources that the others point to and that did not come along; and what could not be read."""
    here = {resource["id"] for resource in resources if resource["resourceType"] == "Medication"}
    wanted = sorted(set(_medication_ids(resources, client.base_url)) - here)
    if not wanted:
        return (), None
    found: list[Resource] = []
    searchable = (await client.capabilities()).offers_search("Medication")
    step = _AT_ONCE if searchable else 1
    groups = [wanted[i : i + step] for i in range(0, len(wanted), step)]
    for group in groups[:requests]:
        try:
            if searchable:
                answer = await client.search("Medication", [("_id", ",".join(group)), ("_count", str(step))], cap=step)
                found += [r for r in answer.resources if r["resourceType"] == "Medication" and r["id"] in group]
            else:
                found.append(scope.admit(await client.read("Medication", group[0])))
        except FhirUnreachable:
            raise
        except FhirError:
            continue  # counted below: what was pointed to and did not come
    lost = len(set(wanted) - {medication["id"] for medication in found})
    return tuple(found), f"{lost} of the medications referred to could not be read." if lost else None


def _medication_ids(resources: Iterable[Resource], base_url: str) -> Iterable[str]:
    for resource in resources:
        reference = resource.get("medicationReference")
        text = reference.get("reference") if isinstance(reference, dict) else None
        if isinstance(text, str):
            parts = text.removeprefix(f"{base_url}/").split("/")
            if len(parts) in {2, 4} and parts[0] == "Medication" and is_id(parts[1]):
                yield parts[1]


def _unlisted(resource_type: str, asked: Params, capabilities: Capabilities) -> str | None:
    """The first parameter that the server does not list: its answer, often empty or all, is not to be trusted."""
    names = (name.split(":")[0].split(".")[0] for name, _ in asked)
    return next((n for n in names if n[:1] != "_" and not capabilities.offers_param(resource_type, n)), None)


def _shown(resource_type: str, asked: Params) -> str:
    """The search as asked, whoever it is about left out."""
    hidden = {"patient", "subject", "_id", "identifier"}
    shown = (f"{name}={'…' if name.split(':')[0] in hidden else value}" for name, value in asked)
    return f"{resource_type}?{'&'.join(shown)}"
