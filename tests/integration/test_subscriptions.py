"""The whole way over sockets: a server that tells, a door that believes nothing of it, and the round that begins."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from preround.failure import Unusable
from preround.sandbox.notifying import Notifier
from preround.subscriptions import registering
from preround.subscriptions.door import SECRET
from preround.web.app import create_web
from preround.web.listening import address_of, answered, listening
from tests.depth import depth
from tests.integration.happening import RULES, Happening, Watching, admission, happening, result, watching
from tools.outgoing import Outgoing

ADMISSION = RULES.rule[0]
RESULT = RULES.rule[1]
RINGS = depth("RINGS", here=200, ci=200)


def own_rules(folder: Path) -> Path:
    """The rules of these tests as a site's file."""
    lines = []
    for one in RULES.rule:
        lines += ["[[rule]]", f'name = "{one.name}"', f'type = "{one.type}"', f"tasks = {json.dumps(one.tasks)}"]
        lines += [f"where.{name} = {json.dumps(codes)}" for name, codes in one.where.items()]
        lines += [f"every_version = {str(one.every_version).lower()}", f"wait_seconds = {one.wait_seconds}"]
    path = folder / "begins.toml"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Happening]:
    async with happening(tmp_path) as found:
        yield found


@asynccontextmanager
async def door(server: Happening, **site: Any) -> AsyncIterator[tuple[Watching, str]]:
    """A house that watches, and the address of its web server."""
    settings = {"rules": own_rules(server.folder), "poll_seconds": 0, **site}
    async with watching(server, **settings) as here:
        with listening("127.0.0.1", 0) as listener:
            async with answered(create_web(here.house), listener):
                yield here, address_of("127.0.0.1", listener)


@asynccontextmanager
async def telling(server: Happening) -> AsyncIterator[Notifier]:
    send = Outgoing(seconds=20)
    notifier = Notifier(server.file, now=server.clock.now, send=send)
    yield notifier
    notifier.close()
    await send.close()


async def secret_of(server: Happening, name: str) -> str:
    """What the server sends along; its administrators can read it."""
    async with httpx.AsyncClient(timeout=60) as client:
        channel = (await client.get(f"{server.base}/{name}")).json()["channel"]
    return str(channel["header"][0].partition(": ")[2])


async def test_an_admission_is_told_and_begins_a_round(server: Happening) -> None:
    async with door(server) as (here, url), telling(server) as notifier:
        made = await registering.subscribe(here.house, ADMISSION, url=url)
        assert (made.status, here.watch("admission").endpoint) == ("requested", f"{url}/subscriptions/admission")
        await notifier.step()
        (found,) = await registering.standings(here.house, ["admission"])
        assert found.status == "active"
        assert await here.later(0) == []
        await server.put(admission("new"), admission("no", "Patient/bob", status="planned"))
        assert await here.later(3600) == []  # nobody is asked in turn here
        assert await notifier.step() == 1
        assert await here.later(1) == ["Patient/ann"]
        assert here.audited()[0].detail["how"] == "told"
        # Subscribing again renews the secret of the same Subscription; removing it makes both void.
        old = await secret_of(server, str(made.subscription))
        again = await registering.subscribe(here.house, ADMISSION, url=url)
        assert again.subscription == made.subscription
        new = await secret_of(server, str(made.subscription))
        async with httpx.AsyncClient(timeout=60) as client:
            assert (await client.post(f"{url}/subscriptions/admission", headers={SECRET: old})).status_code == 401
            assert (await client.post(f"{url}/subscriptions/admission", headers={SECRET: new})).status_code == 204
            await registering.unsubscribe(here.house, "admission")
            assert (await client.post(f"{url}/subscriptions/admission", headers={SECRET: new})).status_code == 401
            assert (await client.get(f"{server.base}/{made.subscription}")).json()["status"] == "off"


async def test_who_does_not_know_the_secret_changes_nothing_and_learns_nothing(server: Happening) -> None:
    async with door(server) as (here, url), httpx.AsyncClient(timeout=60) as client:
        await registering.subscribe(here.house, ADMISSION, url=url)
        await here.later(0)
        forged: tuple[dict[str, str], ...] = (
            {},
            {SECRET: ""},
            {SECRET: "guess"},
            {SECRET: str(here.watch("admission").secret_sha256)},
            {"authorization": "Bearer guess"},
        )
        said = set()
        for path in ("admission", "result", "none"):  # one that is there, one that nobody subscribed, and none at all
            for headers in forged:
                answer = await client.post(f"{url}/subscriptions/{path}", headers=headers)
                said.add((answer.status_code, answer.text))
        ((status, text),) = said
        assert status == 401
        assert "ann" not in text
        assert not here.watch("admission").rung
        assert (await client.get(f"{url}/subscriptions/admission")).status_code == 405


async def test_what_a_notification_says_is_not_believed(server: Happening) -> None:
    async with door(server) as (here, url), httpx.AsyncClient(timeout=60) as client:
        made = await registering.subscribe(here.house, ADMISSION, url=url)
        key = {SECRET: await secret_of(server, str(made.subscription))}
        await here.later(0)
        base = f"{url}/subscriptions/admission"
        for path, body in (
            ("", admission("absent", "Patient/bob")),
            ("/Encounter/absent", admission("absent", "Patient/bob")),
            ("/Patient/bob", {"resourceType": "Patient", "id": "bob"}),
            ("", b"\xff" * 100),
        ):
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            assert (await client.put(base + path, content=content, headers=key)).status_code == 204
        assert await here.later(1) == []
        await server.put(admission("new", "Patient/ann"))
        assert (await client.post(base, json=admission("new", "Patient/bob"), headers=key)).status_code == 204
        assert await here.later(1) == ["Patient/ann"]


async def test_thousands_of_rings_are_one_look_and_too_many_are_told_to_wait(server: Happening) -> None:
    async with door(server, notifications_a_minute=RINGS) as (here, url), httpx.AsyncClient(timeout=60) as client:
        made = await registering.subscribe(here.house, ADMISSION, url=url)
        key = {SECRET: await secret_of(server, str(made.subscription))}
        await here.later(0)
        await server.put(admission("new"))
        before = here.house.services.client.requests
        codes = [(await client.post(f"{url}/subscriptions/admission", headers=key)).status_code for _ in range(RINGS)]
        assert set(codes) == {204}
        late = await client.post(f"{url}/subscriptions/admission", headers=key)
        assert (late.status_code, late.headers["retry-after"].isdigit()) == (429, True)
        assert (here.watch("admission").rings, here.house.services.client.requests) == (1, before)
        assert await here.later(1) == ["Patient/ann"]
        asked = here.house.services.client.requests
        assert asked - before <= 4
        assert (await here.later(1), here.house.services.client.requests) == ([], asked)


async def test_where_the_server_cannot_be_asked_what_is_named_is_read(tmp_path: Path) -> None:
    async with (
        happening(tmp_path, unasked) as server,
        door(server) as (here, url),
        telling(server) as notifier,
        httpx.AsyncClient(timeout=60) as client,
    ):
        made = await registering.subscribe(here.house, RESULT, url=url)
        await notifier.step()
        assert await here.later(0) == []
        assert here.watch("result").by_id
        await server.put(result("r", "Patient/bob"), result("early", status="preliminary"))
        assert await notifier.step() == 1  # with the resource, of which the id is taken
        key = {SECRET: await secret_of(server, str(made.subscription))}
        base = f"{url}/subscriptions/result"
        for path in ("/Observation/absent", "/Observation/early", "/Patient/ann", "/Observation/r"):
            assert (await client.post(base + path, headers=key)).status_code == 204
        assert (await client.post(base, content=b"x" * (1 << 21), headers=key)).status_code == 413
        await here.later(1)
        assert await here.later(300) == ["Patient/bob"]
        assert (await client.post(f"{base}/Observation/r", headers=key)).status_code == 204
        assert await here.later(7200) == []


async def test_it_is_off_without_a_word_and_a_wrong_address_is_said(server: Happening) -> None:
    async with watching(server) as here:
        with pytest.raises(Unusable, match="https"):
            registering.endpoint_of(here.house, ADMISSION, "http://ward.example")
        with pytest.raises(Unusable, match="like https"):
            registering.endpoint_of(here.house, ADMISSION, "ftp://ward.example")
        there = registering.endpoint_of(here.house, ADMISSION, "https://ward.example/")
        assert there == "https://ward.example/subscriptions/admission"
    async with door(server, enabled=False) as (_, url), httpx.AsyncClient(timeout=60) as client:
        assert (await client.post(f"{url}/subscriptions/admission")).status_code == 404


def unasked(app: ASGIApp) -> ASGIApp:
    """A server that does not say that it can be searched by `_lastUpdated`."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        begun: list[Message] = []

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)
                return
            body = message["body"].replace(b'"_lastUpdated"', b'"_last"')
            headers = [one for one in begun[0]["headers"] if one[0] != b"content-length"]
            await send({**begun[0], "headers": [*headers, (b"content-length", str(len(body)).encode())]})
            await send({**message, "body": body})

        await app(scope, receive, sending if scope["path"].endswith("/metadata") else send)

    return served
