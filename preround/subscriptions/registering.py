"""Subscribing: the Subscription on the FHIR server that rings here, with a secret of its own."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from preround.failure import Declined, Unusable
from preround.fhir_login import login
from preround.subscriptions.door import PREFIX, SECRET
from preround.subscriptions.rules import Rule
from preround.web.guard import LOOPBACK
from preround.wiring import House
from review.audit import PROGRAM
from store import audit, watches
from store.database import Transaction
from store.leases import LeaseHeld
from store.watches import Watch
from tools.fhir.errors import FhirError
from tools.fhir.subscription import SubscriptionKeeper
from tools.fhir.transport import in_process

_HERE = "http://127.0.0.1:8000"
_AT_ONCE = "Somebody is changing this subscription now; look again in a few seconds"


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """How one subscription stands."""

    rule: str
    """The rule."""
    subscription: str | None
    """`Subscription/id` on the server; None where there is none."""
    status: str
    """`requested`, `active`, `error` or `off` as the server says; `none` without one, `unknown` if it doesn't say."""
    error: str | None
    """Why it is in error."""
    watch: Watch | None
    """How far watching got."""


def endpoint_of(house: House, rule: Rule, url: str | None = None) -> str:
    """Where a rule's subscription rings.

    Raises:
        Unusable: the FHIR server could not reach it.
    """
    settings = house.settings
    base = (url or settings.subscriptions.url or settings.public_url or _HERE).rstrip("/")
    parts = urlsplit(base)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise Unusable("Give the address of `preround serve` like https://preround.example")
    here = parts.hostname in LOOPBACK or parts.hostname == "::1"
    if parts.scheme == "http" and not here:
        raise Unusable("Give an https address, so that nobody on the way can read the subscription's secret")
    server = urlsplit(settings.fhir or _HERE).hostname
    if here and server not in {*LOOPBACK, "::1"}:
        raise Unusable(
            f"The FHIR server can't reach {base}; give the address at which it reaches `preround serve` with --url, or "
            "as `url` in [subscriptions] of preround.toml"
        )
    return f"{base}{PREFIX}/{rule.name}"


async def subscribe(house: House, rule: Rule, *, url: str | None = None, person: str | None = None) -> Registered:
    """Have the server ring for a rule; the same again renews the secret and starts one that is in error.

    Args:
        house: the running program.
        rule: what is waited for.
        url: how the server reaches `preround serve`; what the settings say without it.
        person: who says so, for the audit chain; nobody at a command.

    Raises:
        Unusable: the server could not reach this address.
        Declined: somebody else is at it.
        FhirError: the server takes no such Subscription, or can't be reached.
    """
    services = house.services
    endpoint = endpoint_of(house, rule, url)
    with services.db.write() as connection:
        watch = watches.ensure(connection, rule=rule.name, server=services.client.base_url, now=services.clock.now())
    with _alone(house, watch):
        return await _subscribed(house, rule, watch, endpoint, person)


async def _subscribed(house: House, rule: Rule, watch: Watch, endpoint: str, person: str | None) -> Registered:
    services = house.services
    capabilities = await services.client.capabilities()
    secret = secrets.token_urlsafe(32)
    channel: dict[str, Any] = {"type": "rest-hook", "endpoint": endpoint, "header": [f"{SECRET}: {secret}"]}
    if not capabilities.offers_param(rule.type, "_lastUpdated"):
        channel["payload"] = "application/fhir+json"  # what is new can only be read by its id there
    async with _keeper(house) as keeper:
        found = await _present(keeper, watch, endpoint)
        wanted = {
            "resourceType": "Subscription",
            **({"id": found["id"]} if found else {}),
            "status": "requested",
            "reason": f"Preround begins rounds by the rule {rule.name}",
            "criteria": rule.criteria,
            "channel": channel,
        }
        kept = await keeper.keep(wanted)
    with services.db.write() as connection:
        watches.register(
            connection,
            watch.watch_id,
            subscription=f"Subscription/{kept['id']}",
            endpoint=endpoint,
            criteria=rule.criteria,
            secret_sha256=hashlib.sha256(secret.encode()).hexdigest(),
        )
        _record(connection, house, watch, "subscription.made", person, endpoint=endpoint)
    return await _standing(house, rule.name, kept)


async def unsubscribe(house: House, name: str, *, person: str | None = None) -> Registered:
    """Have the server ring no more; its secret opens nothing from now on, whatever the server does.

    Args:
        house: the running program.
        name: the rule's name; it may be in force no more.
        person: who says so, for the audit chain; nobody at a command.

    Raises:
        Declined: somebody else is at it.
        FhirError: the server could not turn it off; the secret is void all the same, and it can be tried again.
    """
    services = house.services
    watch = _watch(house, name)
    if watch is not None and watch.subscription is not None:
        with _alone(house, watch):
            with services.db.write() as connection:
                watches.void(connection, watch.watch_id)
                _record(connection, house, watch, "subscription.ended", person, endpoint=watch.endpoint)
            async with _keeper(house) as keeper:
                found = await keeper.read(watch.subscription.partition("/")[2])
                if found is not None and found.get("status") != "off":
                    await keeper.keep({**found, "status": "off"})
            with services.db.write() as connection:
                watches.unregister(connection, watch.watch_id)
    return await _standing(house, name, None)


@contextmanager
def _alone(house: House, watch: Watch) -> Iterator[None]:
    """Two at once would leave the server with a secret of which the hash is not kept."""
    try:
        with house.services.leases.acquire(f"subscription:{watch.watch_id}"):
            yield
    except LeaseHeld:
        raise Declined(_AT_ONCE) from None


def _record(
    connection: Transaction, house: House, watch: Watch, act: str, person: str | None, *, endpoint: str | None
) -> None:
    audit.append(
        connection,
        at=house.services.clock.now(),
        actor=person or PROGRAM,
        act=act,
        subject=watch.watch_id,
        detail={"rule": watch.rule, "endpoint": endpoint},
    )


async def standings(house: House, names: Sequence[str], *, within: float | None = None) -> list[Registered]:
    """How the subscriptions of these rules stand.

    Args:
        house: the running program.
        names: the rules.
        within: seconds that the server has to say it; what it has not said then is `unknown`.
    """
    return await asyncio.gather(*(_stands(house, name, within) for name in names))


async def _stands(house: House, name: str, within: float | None) -> Registered:
    watch = _watch(house, name)
    if watch is None or watch.subscription is None:
        return await _standing(house, name, None)
    try:
        async with asyncio.timeout(within):
            found = await house.services.client.read("Subscription", watch.subscription.partition("/")[2])
    except FhirError as error:
        why = str(error)
    except TimeoutError:
        why = f"The FHIR server did not answer within {within:g} s"
    else:
        return await _standing(house, name, found)
    return Registered(rule=name, subscription=watch.subscription, status="unknown", error=why, watch=watch)


async def _standing(house: House, name: str, found: dict[str, Any] | None) -> Registered:
    said = str(found.get("error")) if found and found.get("error") else None
    return Registered(
        rule=name,
        subscription=f"Subscription/{found['id']}" if found else None,
        status=str(found.get("status")) if found else "none",
        error=said,
        watch=_watch(house, name),
    )


def _watch(house: House, name: str) -> Watch | None:
    services = house.services
    with services.db.read() as connection:
        return watches.get(connection, watches.watch_id(name, services.client.base_url))


async def _present(keeper: SubscriptionKeeper, watch: Watch, endpoint: str) -> dict[str, Any] | None:
    """The one that is there already: ours by its id, or by where it rings, when we were stopped before we noted it."""
    if watch.subscription is not None and (found := await keeper.read(watch.subscription.partition("/")[2])):
        return found
    return await keeper.find(endpoint)


@asynccontextmanager
async def _keeper(house: House) -> AsyncIterator[SubscriptionKeeper]:
    base = house.services.client.base_url
    async with SubscriptionKeeper(
        base,
        transport=in_process(house.sandbox) if house.sandbox is not None else None,
        auth=login(house.settings, base, purpose="write", now=house.services.clock.now),
        observer=house.services.observer,
    ) as keeper:
        yield keeper
