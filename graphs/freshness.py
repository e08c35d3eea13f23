"""Freshness: whether the chart is still as it was when the proposal was made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from agents.plan import MUST_LOOK
from graphs.node import run_of
from graphs.prepared import prepared_of
from graphs.services import Services
from graphs.state import RoundState
from review.queue import show
from store import artifacts, item_tasks, outbox
from tools.fhir.errors import FhirError, FhirNotFound, FhirUnreachable, WrongPatient
from tools.fhir.read_chart import Ask, read_chart
from tools.fhir.scope import PatientScope
from tools.fhir.wire import Resource


async def moved(services: Services, state: RoundState) -> bool:
    """Whether what the proposal stands on is no longer as it was read; our own writes do not count.

    A drafted round watches every must-look resource of the chart. A prepared one may watch only what it names.

    Raises:
        FhirUnreachable: when that could not be found out: nothing is written unchecked.
    """
    shown = show(services.db, state["item_id"])
    prepared = prepared_of(run_of(services, state["run_id"]), services)
    read = dict(_split(reference) for reference in shown.proposal.based_on)
    scope = PatientScope(patient_id=shown.item.patient.partition("/")[2], base_url=services.client.base_url)
    if prepared is not None and prepared.watch == "named":
        named, seen = read, {}
    else:
        named = {name: version for name, version in read.items() if name.partition("/")[0] not in MUST_LOOK}
        seen = await _looked(services, scope, _unread(services, state["run_id"]))
    seen |= await _now(services, scope, named)
    changed = [name for name in seen.keys() | read.keys() if seen.get(name) != read.get(name)]
    if not changed:
        return False
    with services.db.read() as connection:
        own = outbox.written_versions(connection, changed)
        tasks = item_tasks.ours(connection, changed)
    return any((name, seen.get(name)) not in own and name not in tasks for name in changed)


async def _looked(services: Services, scope: PatientScope, unread: frozenset[str]) -> dict[str, str]:
    """Every must-look resource that the chart holds now, with its version."""
    asks = [Ask(resource_type=kind, coverage_id=f"f{index}") for index, kind in enumerate(MUST_LOOK)]
    found = await read_chart(services.client, scope, asks, alone=True)
    for kind, one in zip(MUST_LOOK, found, strict=True):
        if one.coverage.truncated or (one.coverage.error and kind not in unread):
            raise _unchecked(kind)
    return {
        f"{r['resourceType']}/{r['id']}": _version(r)
        for e in found
        for r in e.resources
        if r["resourceType"] in MUST_LOOK
    }


async def _now(services: Services, scope: PatientScope, named: Iterable[str]) -> dict[str, str]:
    """The resources of these names that are there now, with their versions; one that is gone is not among them."""

    async def one(name: str) -> tuple[str, str] | None:
        kind, _, resource_id = name.partition("/")
        try:
            return name, _version(scope.admit(await services.client.read(kind, resource_id)))
        except (FhirNotFound, WrongPatient):
            return None
        except FhirUnreachable:
            raise
        except FhirError as error:
            raise _unchecked(kind) from error

    return dict([found for found in await asyncio.gather(*map(one, named)) if found is not None])


def _unchecked(kind: str) -> FhirUnreachable:
    return FhirUnreachable(
        f"{kind} could not be read to see whether the chart changed, so nothing was written: check the FHIR "
        "server and run `preround resume`."
    )


def _version(resource: Resource) -> str:
    return str(resource.get("meta", {}).get("versionId", ""))


def _unread(services: Services, run_id: str) -> frozenset[str]:
    """Types that could not be read for the draft either, which said so."""
    run = run_of(services, run_id)
    if run.result_sha256 is None:
        return frozenset()
    with services.db.read() as connection:
        lines = artifacts.get_json(connection, run.result_sha256)["coverage"]
    return frozenset(line["query"].partition("?")[0] for line in lines if line["error"])


def _split(reference: str) -> tuple[str, str]:
    name, _, version = reference.partition("/_history/")
    return name, version
