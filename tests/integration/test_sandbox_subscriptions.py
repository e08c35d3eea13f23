"""The sandbox as a sender: R4 Subscriptions over rest-hook, told over a socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from preround.sandbox.notifying import Notifier, Patience
from preround.sandbox.subscription import Unservable, hook_of
from tests.integration.endpoint import Endpoint, listening
from tests.unit.sandbox.serving import Clock, Served, serving
from tools.outgoing import Outgoing

PATIENCE = Patience(tries=3, first=1, longest=60)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with listening() as found:
        yield found


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as served:
        yield served


@asynccontextmanager
async def telling(folder: Path, clock: Clock) -> AsyncIterator[Notifier]:
    send = Outgoing(seconds=5)
    notifier = Notifier(folder / "sandbox.db", now=clock, send=send, patience=PATIENCE)
    yield notifier
    notifier.close()
    await send.close()


@pytest.fixture
async def notifier(tmp_path: Path, sandbox: Served) -> AsyncIterator[Notifier]:
    async with telling(tmp_path, sandbox.clock) as found:
        yield found


def subscription(endpoint: str, **channel: Any) -> dict[str, Any]:
    return {
        "resourceType": "Subscription",
        "id": "results",
        "status": "requested",
        "reason": "a round",
        "criteria": "Observation?category=laboratory&status=final",
        "channel": {"type": "rest-hook", "endpoint": endpoint, **channel},
    }


def result(name: str, *, category: str = "laboratory", status: str = "final") -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "id": name,
        "status": status,
        "category": [{"coding": [{"system": system, "code": category}]}],
        "code": {"text": "x"},
        "subject": {"reference": "Patient/ann"},
    }


async def state(sandbox: Served) -> tuple[str, str]:
    found = (await sandbox.get("Subscription/results")).json()
    return found["status"], found.get("error", "")


async def test_what_meets_the_criteria_is_told_once_and_nothing_else(
    sandbox: Served, notifier: Notifier, endpoint: Endpoint
) -> None:
    await sandbox.put(result("before"))
    await sandbox.put(subscription(f"{endpoint.base}/on-result", header=["X-Key: secret value"]))
    assert await state(sandbox) == ("requested", "")
    await notifier.step()
    assert (await state(sandbox), endpoint.told) == (("active", ""), [])
    for one in (result("vital", category="vital-signs"), result("early", status="preliminary")):
        await sandbox.put(one)
    await notifier.step()
    assert endpoint.told == []
    await sandbox.put(result("early"))
    await sandbox.put(result("other"))
    await notifier.step()
    await notifier.step()
    (told,) = endpoint.told  # a notification without content is one, however many results there are
    assert (told.method, told.path, told.body) == ("POST", "/on-result", b"")
    assert told.headers["x-key"] == "secret value"
    assert "content-type" not in told.headers


async def test_a_payload_is_an_update_below_the_endpoint(
    sandbox: Served, notifier: Notifier, endpoint: Endpoint
) -> None:
    await sandbox.put(subscription(endpoint.base, payload="application/fhir+json"))
    await notifier.step()
    entries = [{"resource": result(name), "request": {"method": "POST", "url": "Observation"}} for name in "ab"]
    await sandbox.send("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    await notifier.step()
    assert [one.method for one in endpoint.told] == ["PUT", "PUT"]
    for one in endpoint.told:
        sent = json.loads(one.body)
        assert one.path == f"/Observation/{sent['id']}"
        assert (sent["meta"]["versionId"], one.headers["content-type"]) == ("1", "application/fhir+json")


async def test_what_fails_is_tried_again_later_each_time_and_then_in_error(
    sandbox: Served, notifier: Notifier, endpoint: Endpoint
) -> None:
    await sandbox.put(subscription(endpoint.base))
    await notifier.step()
    endpoint.status = 500
    await sandbox.put(result("a"))
    for wait, tries in ((0.9, 1), (0.2, 2), (1.5, 2), (0.6, 3)):
        await notifier.step()
        sandbox.clock.pass_seconds(wait)
        await notifier.step()
        assert len(endpoint.told) == tries
    status, why = await state(sandbox)
    assert status == "error"
    assert "answered 500" in why
    assert "ann" not in why
    sandbox.clock.pass_seconds(3600)
    await notifier.step()
    assert len(endpoint.told) == 3
    # Sent in again, it goes on where it stopped: the result of before is told.
    endpoint.status = 204
    await sandbox.put(subscription(endpoint.base))
    await notifier.step()
    assert (await state(sandbox), len(endpoint.told)) == (("active", ""), 4)


async def test_a_redirect_is_not_followed(sandbox: Served, notifier: Notifier, endpoint: Endpoint) -> None:
    await sandbox.put(subscription(f"{endpoint.base}/here", header=["X-Key: secret"]))
    await notifier.step()
    endpoint.status = 307
    await sandbox.put(result("a"))
    await notifier.step()
    assert endpoint.paths == ["POST /here"]


async def test_turned_off_deleted_or_over_nothing_is_told(
    sandbox: Served, notifier: Notifier, endpoint: Endpoint
) -> None:
    await sandbox.put(subscription(endpoint.base))
    await notifier.step()
    await sandbox.put({**subscription(endpoint.base), "status": "off"})
    await sandbox.put(result("a"))
    await notifier.step()
    await sandbox.put({**subscription(endpoint.base), "end": "2024-03-01T12:00:10Z"})
    await notifier.step()
    assert (await state(sandbox), endpoint.told) == (("active", ""), [])  # what came while it was off is not told
    sandbox.clock.pass_seconds(11)
    await sandbox.put(result("b"))
    await notifier.step()
    assert (await state(sandbox), endpoint.told) == (("off", ""), [])
    await sandbox.send("DELETE", "Subscription/results", b"")
    await sandbox.put(result("c"))
    await notifier.step()
    assert endpoint.told == []


async def test_nothing_is_lost_over_a_restart_and_of_two_one_tells(
    tmp_path: Path, sandbox: Served, endpoint: Endpoint
) -> None:
    async with telling(tmp_path, sandbox.clock) as first:
        await sandbox.put(subscription(endpoint.base))
        await first.step()
        async with telling(tmp_path, sandbox.clock) as second:
            await sandbox.put(result("a"))
            assert (await second.step(), await first.step()) == (0, 1)
    await sandbox.put(result("b"))
    async with telling(tmp_path, sandbox.clock) as third:
        assert await third.step() == 1
    assert len(endpoint.told) == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"criteria": "Observation?nonsense=1"}, "nonsense"),
        ({"criteria": "Observation?_sort=date"}, "filters only"),
        ({"criteria": "Observation?date=never"}, "criteria"),
        ({"criteria": "AuditEvent?"}, "criteria"),
        ({"criteria": None}, "criteria"),
        ({"channel": {"type": "websocket"}}, "rest-hook"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://10.0.0.1/x"}}, "not on this machine"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://127.0.0.1.evil.example/x"}}, "not on this machine"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://127.0.0.1:80@evil.example/x"}}, "user name"),
        ({"channel": {"type": "rest-hook", "endpoint": "file:///etc/passwd"}}, "http"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://[::1/x"}}, "address"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://named.example/x"}}, "https only"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://127.0.0.1/x", "header": ["Host: evil"]}}, "header"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://127.0.0.1/x", "header": ["A: b\r\nC: d"]}}, "header"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://127.0.0.1/x", "payload": "text/plain"}}, "payload"),
        ({"end": "soon"}, "instant"),
    ],
)
def test_what_cannot_be_served_is_said(change: dict[str, Any], why: str) -> None:
    asked = {**subscription("http://127.0.0.1:9/x"), **change}
    with pytest.raises(Unservable, match=why):
        hook_of(asked, hosts=("named.example",))


async def test_one_that_may_not_be_served_is_in_error_with_the_reason(sandbox: Served, notifier: Notifier) -> None:
    await sandbox.put(subscription("http://example.org/hook"))
    await notifier.step()
    status, why = await state(sandbox)
    assert (status, "not on this machine" in why) == ("error", True)
    assert (await sandbox.found("Subscription?status=error")) == ["results"]
