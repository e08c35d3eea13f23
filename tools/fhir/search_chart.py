"""The tool that reads one kind of resource of the round's patient, with a line that says how the reading went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tools.evidence import Coverage, Evidence, Taken
from tools.fhir.attachments import WITH_ATTACHMENTS, with_attachments
from tools.fhir.capabilities import Capabilities
from tools.fhir.client import PAGE, FhirClient
from tools.fhir.errors import FhirError, FhirNotFound, FhirUnreachable
from tools.fhir.paging import SearchAnswer
from tools.fhir.query import Params
from tools.fhir.references import follow
from tools.fhir.scope import PatientScope
from tools.fhir.wire import Resource

TOOL = "fhir_read"
MEDICATION_TYPES = frozenset(
    {"MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement"}
)
CAP = 5000
"""The most resources of one type that are read."""
FOLLOW = 4
"""The most requests spent on the medications that one type points at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is asked about one type, as it is sent and as it is shown."""

    resource_type: str
    """A type of the patient compartment, or `Patient`."""
    coverage_id: str
    """The coverage line's id."""
    params: tuple[tuple[str, str], ...]
    """The patient's own parameter first."""
    whole: bool
    """Whether all of the type is asked for."""

    @property
    def query(self) -> str:
        """The search as asked, whoever it is about left out."""
        hidden = {"patient", "subject", "_id", "identifier"}
        shown = (f"{name}={'…' if name.split(':')[0] in hidden else value}" for name, value in self.params)
        return f"{self.resource_type}?{'&'.join(shown)}"

    def failed(self, why: str) -> Evidence:
        """Evidence of nothing, and why."""
        return Evidence(coverage=self._line(0, False, why), resources=())

    def _line(self, found: int, truncated: bool, error: str | None, note: str = "") -> Coverage:
        return Coverage(
            id=self.coverage_id,
            tool=TOOL,
            query=f"{self.query}{note}",
            found=found,
            truncated=truncated,
            error=error,
        )

    def found(
        self,
        resources: Sequence[Resource],
        *,
        truncated: bool,
        problems: Sequence[str],
        note: str = "",
        taken: Taken | None = None,
    ) -> Evidence:
        """Evidence of what came."""
        own = sum(resource["resourceType"] == self.resource_type for resource in resources)
        line = self._line(own, truncated, " ".join(problems) or None, note)
        whole = self.whole and not truncated and not problems
        return Evidence(coverage=line, resources=tuple(resources), taken=taken if whole else None)


def asked_about(
    scope: PatientScope,
    resource_type: str,
    capabilities: Capabilities,
    *,
    coverage_id: str,
    params: Params = (),
    cap: int = CAP,
) -> Asked:
    """The search of one type for the round's patient; raises as `search_chart` does."""
    sent = scope.params(resource_type, [*params, ("_count", str(min(PAGE, cap)))], capabilities)
    including = f"{resource_type}:medication"
    if resource_type in MEDICATION_TYPES and capabilities.offers_include(resource_type, including):
        sent.append(("_include", including))
    return Asked(resource_type=resource_type, coverage_id=coverage_id, params=tuple(sent), whole=not params)


async def search_chart(
    client: FhirClient,
    scope: PatientScope,
    resource_type: str,
    *,
    coverage_id: str,
    params: Params = (),
    cap: int = CAP,
    follow_requests: int = FOLLOW,
    alone: bool = False,
) -> Evidence:
    """Read the patient's resources of one type, with the medications and the notes' contents that they point to.

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
        alone: True where only the resources themselves matter, and not what they point at.

    Raises:
        WrongPatient: the search names a patient itself, or the type is not searched by patient.
        FhirUnreachable: the server did not answer within the limits.
    """
    capabilities = await client.capabilities()
    asked = asked_about(scope, resource_type, capabilities, coverage_id=coverage_id, params=params, cap=cap)
    if not capabilities.offers_search(resource_type):
        return asked.failed(f"The server does not offer {resource_type}.")
    if missing := _unlisted(resource_type, asked.params, capabilities):
        return asked.failed(f"The server does not offer a search of {resource_type} by {missing}.")
    try:
        answer = await client.search(resource_type, asked.params, cap=cap)
    except FhirUnreachable:
        raise
    except FhirNotFound:
        return asked.failed(f"The server does not offer {resource_type}.")
    except FhirError as refused:
        return asked.failed(str(refused))
    return await evidence_of(client, scope, asked, answer, follow_requests=0 if alone else follow_requests, alone=alone)


async def evidence_of(
    client: FhirClient,
    scope: PatientScope,
    asked: Asked,
    answer: SearchAnswer,
    *,
    note: str = "",
    follow_requests: int = FOLLOW,
    alone: bool = False,
) -> Evidence:
    """The evidence in an answer: others' resources refused and said, what was pointed at fetched.

    Raises:
        FhirUnreachable: the server did not answer within the limits.
    """
    kept, refusals = scope.split(answer.resources)
    problems = [answer.problem] if answer.problem else []
    if refusals:
        problems.append(f"{refusals} resources were refused because they are not clearly this patient's.")
    if not alone and asked.resource_type in MEDICATION_TYPES:
        led = await follow(client, scope, kept, types=("Medication",), requests=follow_requests)
        kept += led.found
        problems += [f"{len(led.lost)} of the medications referred to could not be read."] if led.lost else []
    if not alone and asked.resource_type in WITH_ATTACHMENTS:
        kept, unread = await with_attachments(client, scope, kept)
        problems += [unread] if unread else []
    taken = taken_at(client, asked.resource_type, answer.at)
    return asked.found(kept, truncated=answer.truncated, problems=problems, note=note, taken=taken)


def taken_at(client: FhirClient, resource_type: str, at: datetime | None) -> Taken | None:
    """Where and when a type was read; `None` where the server's clock is not known."""
    if at is None:
        return None
    return Taken(server=client.base_url, resource_type=resource_type, at=at.isoformat())


def _unlisted(resource_type: str, asked: Params, capabilities: Capabilities) -> str | None:
    """The first parameter that the server does not list: its answer, often empty or all, is not to be trusted."""
    names = (name.split(":")[0].split(".")[0] for name, _ in asked)
    return next((n for n in names if n[:1] != "_" and not capabilities.offers_param(resource_type, n)), None)
