"""A record system that asks for cards: it fills prefetch templates from its own server, as CDS Hooks 2.0 says."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from pydantic import SecretStr

from preround.settings import Settings
from preround.web.app import create_web
from preround.wiring import SANDBOX_URL, House
from tests.visiting import KEY, SITE, WITH_KEY
from tools.fhir import wire
from tools.fhir.transport import in_process

Resource = dict[str, Any]


class Ehr:
    """One system, and the services that it has found."""

    def __init__(self, web: httpx.AsyncClient, fhir: httpx.AsyncClient, services: list[dict[str, Any]]) -> None:
        self.web = web
        self.fhir = fhir
        self.services = {one["hook"]: one for one in services}

    async def prefetch(self, hook: str, patient: str) -> dict[str, Any]:
        """What its server answers to the templates of a service."""
        found = {}
        for key, template in self.services[hook]["prefetch"].items():
            answer = await self.fhir.get(f"{SANDBOX_URL}/{template.replace('{{context.patientId}}', patient)}")
            assert answer.status_code == 200, (template, answer.text)
            found[key] = wire.parse(answer.content)
        return found

    async def ask(self, hook: str, body: Mapping[str, Any], **headers: str) -> httpx.Response:
        """One call, as it stands."""
        path = f"/cds-services/{self.services[hook]['id']}"
        sent = {"content-type": "application/json", **headers}
        return await self.web.post(path, content=wire.dump(dict(body)), headers=sent)

    async def cards(self, hook: str, patient: str, *orders: Resource, **more: Any) -> list[dict[str, Any]]:
        """The cards of a call with everything prefetched."""
        body = call(hook, patient, *orders, prefetch=await self.prefetch(hook, patient), **more)
        answer = await self.ask(hook, body)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["cards"]
        return found


def call(hook: str, patient: str, *orders: Resource, **more: Any) -> dict[str, Any]:
    """The body of a call."""
    context: dict[str, Any] = {"userId": "Practitioner/example", "patientId": patient, "encounterId": "e1"}
    if hook.startswith("order"):
        context["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": one} for one in orders]}
    if hook == "order-select":
        context["selections"] = [f"{one['resourceType']}/{one['id']}" for one in orders[:1]]
    return {"hook": hook, "hookInstance": str(uuid.uuid4()), "context": context, **more}


def medicine(patient: str, name: str, order: str = "d1", **more: Any) -> Resource:
    """A draft MedicationRequest."""
    return {
        "resourceType": "MedicationRequest",
        "id": order,
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/{patient}"},
        "medicationCodeableConcept": {"text": name, "coding": [{"display": name}]},
        **more,
    }


@asynccontextmanager
async def asking(house: House, *, key: bool = True) -> AsyncIterator[Ehr]:
    """A system that has found the services, and sends the access key or nothing."""
    assert house.sandbox is not None
    web, fhir = httpx.ASGITransport(app=create_web(house)), in_process(house.sandbox)
    headers = WITH_KEY if key else {}
    async with (
        httpx.AsyncClient(transport=web, base_url=SITE, headers=headers) as client,
        httpx.AsyncClient(transport=fhir) as server,
    ):
        found = await client.get("/cds-services", headers={"authorization": ""})
        assert found.status_code == 200
        yield Ehr(client, server, found.json()["services"])


def with_key(settings: Settings) -> Settings:
    """The same settings, for a server that knows the access key."""
    return settings.model_copy(update={"access_key": SecretStr(KEY)})
