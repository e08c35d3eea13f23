"""One call answered: the chart that it brings, appraised by code, and the cards that follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from chart.appraisal import Appraisal, appraise
from chart.chart import Chart
from chart.sensitive import sensitive_classes
from preround.cds_hooks.card import Card
from preround.cds_hooks.due import chart_cards
from preround.cds_hooks.given import AnotherPatient, Given, NotEnough, gathered
from preround.cds_hooks.messages import HookCall
from preround.cds_hooks.orders import drafts_of, order_cards, references_of, unread_card
from preround.cds_hooks.services import Service, order_codes
from preround.wiring import House
from tools.fhir.auth import BearerAuth
from tools.fhir.client import FhirClient
from tools.fhir.errors import FhirError
from tools.fhir.limits import Limits
from tools.fhir.scope import PatientScope

PATIENCE = Limits(request_seconds=5.0, attempts=1, pages=20)
"""A clinician waits for these cards: another's server is asked once."""
SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a call came in."""

    site: str
    """The address of this server as its caller knows it, without a slash at its end."""
    linked: str | None
    """The address under which people open Preround, where the site says so."""


class Answering:
    """Answers calls.

    Args:
        house: the running program.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._codes = order_codes(house.services.site_tables)

    @property
    def codes(self) -> str:
        """The results that orders are held against."""
        return self._codes

    async def cards(self, call: HookCall, service: Service, place: Place) -> tuple[Card, ...]:
        """The cards of one call.

        Raises:
            NotEnough: the call brings too little, and there is no server to read the rest from.
            AnotherPatient: part of it is about somebody else.
        """
        ours = self._ours(call, place)
        try:
            async with asyncio.timeout(SECONDS), self._reading(call, ours) as client:
                given = await gathered(call, service, client, self._codes)
        except (FhirError, TimeoutError) as error:
            raise NotEnough("The FHIR server did not answer in time; send the prefetch.") from error
        _held_to_patient(call)
        appraisal = await asyncio.to_thread(self._appraised, call, given)
        if not service.checks_orders:
            return tuple(await chart_cards(self._house, appraisal, given, site=place.linked or place.site, ours=ours))
        return self._orders(call, service, appraisal, given)

    def _orders(self, call: HookCall, service: Service, appraisal: Appraisal, given: Given) -> tuple[Card, ...]:
        drafts, unread = drafts_of(call.context, appraisal)
        selected = call.context.selections if service.hook == "order-select" else None
        cards = order_cards(drafts, appraisal, selected=selected, site=self._house.services.site_tables)
        return (*cards, *unread_card(unread, given.missing if drafts or unread else ()))

    def _appraised(self, call: HookCall, given: Given) -> Appraisal:
        services = self._house.services
        own = references_of(call.context)
        resources = [r for r in given.resources if f"{r.get('resourceType')}/{r.get('id')}" not in own]
        classes = sensitive_classes(services.site_tables)
        chart = Chart.build(resources, as_of=services.clock.now(), sensitive=classes)
        return appraise(chart, site=services.site_tables)

    def _ours(self, call: HookCall, place: Place) -> bool:
        settings = self._house.settings
        return call.fhirServer is not None and _same(call.fhirServer, settings.fhir or f"{place.site}/fhir")

    @asynccontextmanager
    async def _reading(self, call: HookCall, ours: bool) -> AsyncIterator[FhirClient | None]:
        """Who reads what was not prefetched: the embedded sandbox's own client, or the caller's token where allowed."""
        settings, granted = self._house.settings, call.fhirAuthorization
        if ours and self._house.sandbox is not None:
            yield self._house.services.client
            return
        allowed = ours or any(_same(call.fhirServer or "", one) for one in settings.hooks.servers)
        bound = granted is None or granted.patient in (None, call.context.patientId)
        if not call.fhirServer or not allowed or granted is None or not bound:
            yield None
            return
        auth = BearerAuth(token=granted.access_token)
        async with FhirClient(call.fhirServer, auth=auth, limits=PATIENCE) as client:
            yield client


def _held_to_patient(call: HookCall) -> None:
    scope = PatientScope(patient_id=call.context.patientId, base_url=call.fhirServer)
    drafts = call.context.draftOrders.resources if call.context.draftOrders else ()
    named = [one for one in drafts if one.get("subject") or one.get("patient")]
    if any(not scope.admits(one) for one in named):
        raise AnotherPatient("A draft order is another patient's; send the orders of this patient.")


def _same(one: str, other: str) -> bool:
    return bool(one) and one.rstrip("/") == other.rstrip("/")
