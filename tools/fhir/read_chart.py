"""Reading a chart: what is asked for about one patient, by the cheapest way that this server makes trustworthy."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tools.evidence import Coverage, Evidence
from tools.fhir.client import FhirClient
from tools.fhir.errors import FhirError, FhirUnreachable, WrongPatient
from tools.fhir.paging import SearchAnswer
from tools.fhir.references import FOLLOWED, follow
from tools.fhir.refresh import refreshed
from tools.fhir.scope import PatientScope
from tools.fhir.search_chart import CAP, MEDICATION_TYPES, TOOL, asked_about, evidence_of, search_chart
from tools.fhir.wire import Resource

EVERYTHING_FROM = 4
"""Whole types from which one `$everything` costs less than a search each."""
FOLLOW_TOGETHER = 6
"""The most requests spent, for a whole chart, on what it points at beside medications."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One question about the round's patient."""

    resource_type: str
    """What is looked for."""
    coverage_id: str
    """The id of its coverage line."""
    code: str = ""
    """A token on `code`; empty for all of the type."""


async def read_chart(
    client: FhirClient,
    scope: PatientScope,
    asks: Sequence[Ask],
    *,
    known: Mapping[str, Evidence] | None = None,
    alone: bool = False,
) -> list[Evidence]:
    """Read what is asked for, side by side; each question has its line of coverage, in the order asked.

    A type that was read before and is large is refreshed where the server can show that the result is whole. Where the
    server offers `$everything`, the other whole types come from that; one of which it brings nothing is searched all
    the same, because silence there is not absence. All else is searched.

    Args:
        client: an open client.
        scope: the round's patient.
        asks: what to look for.
        known: earlier readings of whole types, by type.
        alone: True where only the resources themselves matter, and not what they point at.

    Raises:
        FhirUnreachable: the server did not answer within the limits.
    """
    fresh = await asyncio.gather(*(_refreshed(client, scope, ask, known or {}) for ask in asks))
    done = {ask.coverage_id: found for ask, found in zip(asks, fresh, strict=True) if found is not None}
    rest = [ask for ask in asks if ask.coverage_id not in done]
    done |= await _from_everything(client, scope, rest, alone)
    rest = [ask for ask in rest if ask.coverage_id not in done]
    searched = await asyncio.gather(*(_searched(client, scope, ask, alone) for ask in rest))
    done |= {ask.coverage_id: found for ask, found in zip(rest, searched, strict=True)}
    return [done[ask.coverage_id] for ask in asks]


async def pointed_at(
    client: FhirClient, scope: PatientScope, evidence: Sequence[Evidence], *, coverage_id: str
) -> Evidence | None:
    """Who and what the chart points at (practitioners, places, visits not read), within a budget; `None` for nothing.

    What could not be read is a cut line and no error: names of persons and places explain a chart and change nothing in
    it. A reference into somebody else's compartment leads nowhere.

    Raises:
        FhirUnreachable: the server did not answer within the limits.
    """
    resources = [r for one in evidence for r in one.resources]
    # What was searched by patient is there, or its own line says why not.
    searched = {one.coverage.query.partition("?")[0] for one in evidence} | {"Medication"}
    types = [kind for kind in FOLLOWED if kind not in searched]
    led = await follow(client, scope, resources, types=types, requests=FOLLOW_TOGETHER)
    if not led.found and not led.lost:
        return None
    kinds = ",".join(sorted({*(r["resourceType"] for r in led.found), *led.lost}))
    line = Coverage(
        id=coverage_id,
        tool=TOOL,
        query=f"{kinds}, as pointed at",
        found=len(led.found),
        truncated=bool(led.lost),
        error=None,
    )
    return Evidence(coverage=line, resources=led.found)


async def _searched(client: FhirClient, scope: PatientScope, ask: Ask, alone: bool) -> Evidence:
    params = [("code", ask.code)] if ask.code else []
    try:
        return await search_chart(
            client, scope, ask.resource_type, coverage_id=ask.coverage_id, params=params, alone=alone
        )
    except FhirError as error:
        # One search that failed is said on the page; it does not stop the others.
        line = Coverage(
            id=ask.coverage_id,
            tool=TOOL,
            query=f"{ask.resource_type}?patient=…",
            found=0,
            truncated=False,
            error=str(error),
        )
        return Evidence(coverage=line, resources=())


async def _refreshed(
    client: FhirClient, scope: PatientScope, ask: Ask, known: Mapping[str, Evidence]
) -> Evidence | None:
    before = known.get(ask.resource_type)
    if before is None or ask.code:
        return None
    try:
        asked = asked_about(scope, ask.resource_type, await client.capabilities(), coverage_id=ask.coverage_id)
        return await refreshed(client, scope, asked, before)
    except FhirError:
        return None  # the search that follows says what is wrong


async def _from_everything(
    client: FhirClient, scope: PatientScope, asks: Sequence[Ask], alone: bool
) -> dict[str, Evidence]:
    """What `$everything` answers of the questions about whole types; nothing where it is not offered or not whole."""
    capabilities = await client.capabilities()
    whole = [ask for ask in asks if not ask.code and capabilities.offers_search(ask.resource_type)]
    if "everything" not in capabilities.of("Patient").operations or len(whole) < EVERYTHING_FROM:
        return {}
    wanted = frozenset(ask.resource_type for ask in whole)
    beside = frozenset({"Medication"}) if wanted & MEDICATION_TYPES and not alone else frozenset()
    try:
        answer = await client.everything(scope.patient_id, wanted | beside, cap=CAP * 4)
    except FhirUnreachable:
        raise
    except FhirError:
        return {}
    if answer.truncated or answer.problem:
        return {}
    groups: dict[str, list[Resource]] = {}
    for resource in answer.resources:
        groups.setdefault(resource["resourceType"], []).append(resource)
    asked = [ask for ask in whole if groups.get(ask.resource_type)]
    found = await asyncio.gather(*(_part(client, scope, ask, answer, groups, alone) for ask in asked))
    return {ask.coverage_id: one for ask, one in zip(asked, found, strict=True) if one is not None}


async def _part(
    client: FhirClient,
    scope: PatientScope,
    ask: Ask,
    answer: SearchAnswer,
    groups: Mapping[str, list[Resource]],
    alone: bool,
) -> Evidence | None:
    """The evidence of one type out of `$everything`."""
    own = groups[ask.resource_type]
    if len(own) > CAP:
        return None
    medicines = groups.get("Medication", []) if ask.resource_type in MEDICATION_TYPES else []
    try:
        asked = asked_about(scope, ask.resource_type, await client.capabilities(), coverage_id=ask.coverage_id)
        part = replace(answer, resources=(*own, *medicines))
        return await evidence_of(client, scope, asked, part, note=" (of Patient/…/$everything)", alone=alone)
    except WrongPatient:
        return None  # a type that is not searched by patient; the search says so
