"""Subscriptions on a FHIR server: the one administrative resource that Preround keeps there, and never any other.

It is no clinical write and needs no signature; the writer of what was signed does not know it. Nothing is deleted: one
that is not wanted any more is turned `off`.
"""

from __future__ import annotations

from tools.fhir import outcome, wire
from tools.fhir.errors import FhirError, FhirGarbled, FhirNotFound, FhirUnreachable
from tools.fhir.query import is_id
from tools.fhir.sending import Sending
from tools.fhir.wire import Resource

_KIND = "Subscription"


class SubscriptionKeeper(Sending):
    """Makes, changes and turns off Subscriptions: `async with SubscriptionKeeper("https://host/fhir") as keeper: …`."""

    async def find(self, endpoint: str) -> Resource | None:
        """The Subscription that tells this endpoint and is not off; None where there is none, or it can't be searched.

        Raises:
            FhirUnreachable: no answer within the limits.
        """
        try:
            found = await self._client.search(_KIND, [("url", endpoint)], cap=20)
        except FhirUnreachable:
            raise
        except FhirError:
            return None
        mine = [one for one in found.resources if _endpoint(one) == endpoint and one.get("status") != "off"]
        return mine[0] if mine else None

    async def read(self, subscription_id: str) -> Resource | None:
        """One of them; None where it is not there any more.

        Raises:
            FhirError: the server did not say.
        """
        try:
            return await self._client.read(_KIND, subscription_id)
        except FhirNotFound:
            return None

    async def keep(self, subscription: Resource) -> Resource:
        """Make a Subscription, or bring the one of its id to this form; gives it as the server has it then.

        Raises:
            FhirRefused: the server takes none, or not this one.
            FhirGarbled: the server does not say under which id it is.
            FhirUnreachable: no answer within the limits.
        """
        if subscription.get("resourceType") != _KIND:
            raise FhirGarbled("Only a Subscription is kept this way.")
        name = subscription.get("id")
        body = wire.dump(subscription)
        if isinstance(name, str) and is_id(name):
            answer = await self._connection.send(
                "PUT", self._connection.origin.url(f"{_KIND}/{name}"), body=body, repeatable=True
            )
        else:
            answer = await self._connection.send(
                "POST", self._connection.origin.url(_KIND), body=body, repeatable=False
            )
            name = _id_in(answer.headers.get("location", ""))
        outcome.refuse(answer.status, answer.body, ())
        if name is None:
            name = str(outcome.body_of(answer.body).get("id"))
        return await self._client.read(_KIND, str(name))


def _endpoint(subscription: Resource) -> str | None:
    channel = subscription.get("channel")
    found = channel.get("endpoint") if isinstance(channel, dict) else None
    return found if isinstance(found, str) else None


def _id_in(location: str) -> str | None:
    """The id in the address that a server says it put something at."""
    rest = location.rpartition(f"{_KIND}/")[2] if f"{_KIND}/" in location else ""
    name = rest.partition("/")[0]
    return name if is_id(name) else None
