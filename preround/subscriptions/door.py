"""Where the FHIR server rings: a notification is a bell and nothing else.

Whoever rings must bring the subscription's secret. What it brings beside that is not believed: the server is asked what
is new. Only where a server can't be asked that is the resource that a notification names read, from the server.
"""

from __future__ import annotations

import hashlib
import hmac

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from preround.failure import Declined, Missing, Unusable
from preround.people.rates import Rates
from preround.subscriptions.rules import Rule, Rules
from preround.web.problem_json import problem_json
from preround.wiring import House
from store import watches
from store.watches import Watch
from tools.fhir import wire
from tools.fhir.query import is_id

PREFIX = "/subscriptions"
SECRET = "X-Preround-Secret"  # noqa: S105 - the name of a header
LARGEST = 1024 * 1024
"""Bytes of a notification that are read, where it is read at all."""
_NO_SECRET = hashlib.sha256(b"").hexdigest()


class SubscriptionDoor:
    """The routes.

    Args:
        house: the running program.
        rules: what is waited for; None where rounds don't begin by themselves.
    """

    def __init__(self, house: House, rules: Rules | None) -> None:
        self._house = house
        self._rules = rules
        site = house.settings.subscriptions
        self._rates = Rates(site.notifications_a_minute, house.services.clock.monotonic)
        self.router = APIRouter(include_in_schema=False)
        for path in (f"{PREFIX}/{{rule}}", f"{PREFIX}/{{rule}}/{{kind}}/{{name}}"):
            self.router.add_api_route(path, self.told, methods=["POST", "PUT"])

    async def told(self, request: Request, rule: str, kind: str = "", name: str = "") -> Response:
        """FHIR R4 rest-hook: something that a subscription waits for was stored."""
        if self._rules is None:
            return problem_json(Missing("Rounds don't begin by themselves here; see [subscriptions]"), status=404)
        watch = await run_in_threadpool(self._watch, rule)
        waited_for = self._rules.named(rule)
        if not _proved(watch, request.headers.get(SECRET)) or watch is None or waited_for is None:
            # The same whether there is no such subscription or the secret is another.
            return problem_json(Declined(f"Send the subscription's own secret as {SECRET}"), status=401)
        if wait := self._rates.wait(watch.watch_id):
            found = problem_json(Declined(f"These are more notifications than are taken; wait {wait} s"), status=429)
            found.headers["retry-after"] = str(wait)
            return found
        reference = f"{kind}/{name}" if kind else None
        if watch.by_id and reference is None:
            try:
                reference = _named(await _body(request))
            except Unusable as error:
                return problem_json(error, status=413)
        await run_in_threadpool(self._ring, watch, waited_for, reference)
        return Response(status_code=204)

    def _watch(self, rule: str) -> Watch | None:
        services = self._house.services
        with services.db.read() as connection:
            return watches.get(connection, watches.watch_id(rule, services.client.base_url))

    def _ring(self, watch: Watch, rule: Rule, reference: str | None) -> None:
        named = watch.by_id and reference is not None and _may_be(rule, reference)
        if not named and watch.rings != watch.taken:
            return  # a look was asked for already and has not begun
        with self._house.services.db.write() as connection:
            if named and reference is not None:
                watches.hint(connection, watch.watch_id, reference)
            watches.ring(connection, watch, now=self._house.services.clock.now())


def _proved(watch: Watch | None, given: str | None) -> bool:
    expected = (watch.secret_sha256 if watch else None) or _NO_SECRET
    same = hmac.compare_digest(hashlib.sha256((given or "").encode()).hexdigest(), expected)
    return same and expected != _NO_SECRET


def _may_be(rule: Rule, reference: str) -> bool:
    kind, _, name = reference.partition("/")
    return kind == rule.type and is_id(name)


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise Unusable("The notification is too large; send it without the resource")
    return body


def _named(body: bytes) -> str | None:
    """The resource that a body says it is."""
    try:
        found = wire.parse(body)
    except ValueError:
        return None
    return f"{found.get('resourceType')}/{found.get('id')}" if isinstance(found, dict) else None
