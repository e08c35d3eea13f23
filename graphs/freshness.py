"""Freshness: whether the chart is still as it was when the proposal was made."""

from __future__ import annotations

import asyncio

from agents.plan import MUST_LOOK
from graphs.node import run_of
from graphs.services import Services
from graphs.state import RoundState
from review.queue import show
from store import artifacts, outbox
from tools.fhir.errors import FhirUnreachable
from tools.fhir.scope import PatientScope
from tools.fhir.search_chart import search_chart


async def moved(services: Services, state: RoundState) -> bool:
    """Whether a must-look resource is new, changed or gone since the proposal was made; our own writes do not count.

    Raises:
        FhirUnreachable: when that could not be found out: nothing is written unchecked.
    """
    shown = show(services.db, state["item_id"])
    scope = PatientScope(patient_id=shown.item.patient.partition("/")[2])
    found = await asyncio.gather(
        *(search_chart(services.client, scope, kind, coverage_id=f"f{index}") for index, kind in enumerate(MUST_LOOK))
    )
    unread = _unread(services, state["run_id"])
    for kind, one in zip(MUST_LOOK, found, strict=True):
        if one.coverage.truncated or (one.coverage.error and kind not in unread):
            raise FhirUnreachable(
                f"{kind} could not be read to see whether the chart changed, so nothing was written: check the FHIR "
                "server and run `preround resume`."
            )
    with services.db.read() as connection:
        own = outbox.written_versions(connection)
    seen = {
        f"{r['resourceType']}/{r['id']}": str(r.get("meta", {}).get("versionId", ""))
        for e in found
        for r in e.resources
        if r["resourceType"] in MUST_LOOK
    }
    read = dict(_split(reference) for reference in shown.proposal.based_on)
    changed = (name for name in seen.keys() | read.keys() if seen.get(name) != read.get(name))
    return any((name, seen.get(name)) not in own for name in changed)


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
