"""What a call brings of a chart: its prefetch as evidence, and what is missing read from the client's own server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from preround.cds_hooks.messages import HookCall
from preround.cds_hooks.services import ALWAYS, TYPES, Service, template
from tools.evidence import Coverage, Evidence
from tools.fhir.client import FhirClient
from tools.fhir.errors import FhirError, FhirGarbled
from tools.fhir.paging import Gathering
from tools.fhir.read_chart import Ask, read_chart
from tools.fhir.read_patient import read_patient
from tools.fhir.scope import PatientScope
from tools.fhir.search_chart import CAP

TOOL = "cds_hooks_prefetch"
Resource = dict[str, Any]


class NotEnough(LookupError):
    """What the call brings does not suffice: send the prefetch, or a fhirServer that this site allows with a token."""


class AnotherPatient(ValueError):
    """The prefetched Patient is not the one of the context: send the prefetch of this patient."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """A patient's chart as far as a call brings it."""

    patient: Resource
    """The Patient."""
    evidence: tuple[Evidence, ...]
    """One for each type that was prefetched or read."""
    missing: tuple[str, ...]
    """Types that the service wants to know and that nobody gave, or not all of."""

    @property
    def resources(self) -> list[Resource]:
        """The Patient and everything else."""
        return [self.patient, *(one for found in self.evidence for one in found.resources)]


async def gathered(call: HookCall, service: Service, client: FhirClient | None, codes: str) -> Given:
    """The chart of a call.

    Args:
        call: what the client sent.
        service: what is wanted.
        client: reads what was not prefetched; nobody does without one.
        codes: the results that an order is held against; see `order_codes`.

    Raises:
        NotEnough: not even the patient, the allergies, conditions and medicines are known.
        AnotherPatient: the prefetch is somebody else's.
    """
    scope = PatientScope(patient_id=call.context.patientId, base_url=call.fhirServer)
    patient = _patient(call, scope)
    found = {
        key: one
        for key in service.keys
        if key != "patient" and (one := _prefetched(call, key, service, scope)) is not None
    }
    wanting = [key for key in service.keys if key != "patient" and (key not in found or not _whole(found[key]))]
    if client is not None and (wanting or patient is None):
        try:
            patient = patient or await read_patient(client, scope)
            found |= await _read(client, scope, wanting, service, codes)
        except FhirError as error:
            raise NotEnough(str(error)) from error
    lost = [key for key in ALWAYS if key != "patient" and (key not in found or found[key].coverage.error)]
    if patient is None or lost:
        wanted = ["patient"] if patient is None else lost
        raise NotEnough(f"Send the prefetch of {', '.join(wanted)}; without it nothing can be said about this patient.")
    return Given(
        patient=patient,
        evidence=tuple(found[key] for key in service.keys if key in found),
        missing=tuple(TYPES[key] for key in wanting if key not in found or not _whole(found[key])),
    )


def _whole(evidence: Evidence) -> bool:
    """Whether it is everything of its type; of results that are asked for by code, the newest are enough."""
    line = evidence.coverage
    return line.error is None and (not line.truncated or "&code=" in line.query)


def _patient(call: HookCall, scope: PatientScope) -> Resource | None:
    """The prefetched Patient; under another key than ours too, where it is the patient of the context."""
    ours = call.prefetch.get("patient")
    if isinstance(ours, dict) and ours.get("resourceType") == "Patient":
        if not scope.admits(ours):
            raise AnotherPatient
        return ours
    others = (one for one in call.prefetch.values() if isinstance(one, dict) and one.get("resourceType") == "Patient")
    return next((one for one in others if scope.admits(one)), None)


def _prefetched(call: HookCall, key: str, service: Service, scope: PatientScope) -> Evidence | None:
    """One prefetched search; none where it was not sent, or is not what was asked for."""
    if key not in call.prefetch:
        return None
    kind, bundle = TYPES[key], call.prefetch[key]
    gathering = Gathering(frozenset({kind}), CAP)
    cut = False
    if bundle is not None:  # null: the client looked, and there is nothing
        try:
            gathering.add(bundle)
        except (FhirGarbled, AttributeError):
            return None
        links = bundle.get("link")
        cut = any(isinstance(one, dict) and one.get("relation") == "next" for one in links or ())
    answer = gathering.whole()
    kept, refused = scope.split(answer.resources)
    problems = [answer.problem] if answer.problem else []
    problems += [f"{refused} resources were refused because they are not clearly this patient's."] if refused else []
    line = Coverage(
        id=_line(key, service),
        tool=TOOL,
        query=template(key, service, "…").replace("{{context.patientId}}", "…"),
        found=sum(one["resourceType"] == kind for one in kept),
        truncated=cut or answer.truncated,
        error=" ".join(problems) or None,
    )
    return Evidence(coverage=line, resources=kept)


def _line(key: str, service: Service) -> str:
    return f"c{service.keys.index(key) + 1}"


async def _read(
    client: FhirClient, scope: PatientScope, keys: list[str], service: Service, codes: str
) -> dict[str, Evidence]:
    asks = [
        Ask(
            resource_type=TYPES[key],
            coverage_id=_line(key, service),
            code=codes if key == "observations" and service.checks_orders else "",
        )
        for key in keys
    ]
    read = await read_chart(client, scope, asks)
    return dict(zip(keys, read, strict=True))
