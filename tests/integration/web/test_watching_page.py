"""The page Watching: for informaticists, against other sites' pages, and true whatever the FHIR server does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from preround.people.sessions import Session
from preround.people.visitor import Visitor
from preround.web import watching_view
from preround.web.rendering import coded
from store import audit
from tests.integration.happening import Happening, Watching, admission, happening, result, watching
from tests.integration.test_subscriptions import own_rules, secret_of
from tests.visiting import visiting

ADA = {"rule": "admission", "name": "Ada Nowak"}


@dataclass(kw_only=True)
class Server:
    """A FHIR server that keeps its Subscriptions to itself when it is told to."""

    app: ASGIApp | None = None
    refuses: bool = False
    hangs: bool = False
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    def around(self, app: ASGIApp) -> ASGIApp:
        self.app = app
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        asked = "/Subscription" in scope.get("path", "")
        if asked and self.hangs:
            await self.let_go.wait()
        if asked and self.refuses and scope["method"] == "PUT":
            await send({"type": "http.response.start", "status": 422, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await self.app(scope, receive, send)


@pytest.fixture
def faults() -> Server:
    return Server()


@pytest.fixture
async def server(tmp_path: Path, faults: Server) -> AsyncIterator[Happening]:
    async with happening(tmp_path, faults.around) as found:
        yield found
        faults.let_go.set()  # or the server waits for its answer before it ends


@pytest.fixture
async def here(server: Happening) -> AsyncIterator[Watching]:
    async with watching(server, rules=own_rules(server.folder)) as found:
        yield found


@pytest.fixture
async def web(here: Watching) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(here.house) as client:
        yield client


async def do(web: httpx.AsyncClient, what: str, **more: str) -> httpx.Response:
    return await web.post("/watching", data={**ADA, "do": what, **more})


def acts(here: Watching) -> list[tuple[str, str]]:
    with here.house.services.db.read() as connection:
        return [(row.act, row.actor) for row in audit.rows(connection) if row.act.startswith("subscription.")]


async def test_it_is_for_informaticists(
    web: httpx.AsyncClient, here: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in = Visitor(way="oidc", name="Ada Nowak", subject="https://login.example|ada", roles=("prescriber",))
    session = Session(visitor=signed_in, caller="ada", seen=0.0, ends=1.0)
    with monkeypatch.context() as patched:
        patched.setattr("preround.people.signing.here", lambda: session)
        for answer in (await web.get("/watching"), await do(web, "subscribe"), await do(web, "end")):
            assert answer.status_code == 403
            assert "for informaticists" in answer.text
    assert acts(here) == []
    web.cookies.clear()
    assert (await web.get("/watching")).status_code == 401
    assert (await do(web, "subscribe")).status_code == 401


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "", "origin": "https://elsewhere.example"}]
)
async def test_another_sites_page_changes_nothing(
    web: httpx.AsyncClient, here: Watching, headers: dict[str, str]
) -> None:
    answer = await web.post("/watching", data={**ADA, "do": "subscribe"}, headers=headers)
    assert (answer.status_code, "another site" in answer.text) == (403, True)
    assert acts(here) == []


async def test_who_subscribed_and_ended_is_on_record_and_nothing_of_a_patient_is_shown(
    web: httpx.AsyncClient, server: Happening, here: Watching
) -> None:
    await here.later(0)
    assert "never" in (await web.get("/watching")).text
    assert (await do(web, "subscribe", name="")).status_code == 422
    done = await do(web, "subscribe")
    assert (done.status_code, done.headers["location"]) == (303, "/watching#rule-admission")
    watch = here.watch("admission")
    assert watch.endpoint == "http://127.0.0.1:8000/subscriptions/admission", "where browsers reach it, too"
    secret = await secret_of(server, str(watch.subscription))
    await server.put(admission("a"), admission("b", "Patient/nobody"))
    rung = await web.post("/subscriptions/admission", headers={"x-preround-secret": secret})
    assert rung.status_code == 204
    assert here.watch("admission").told == here.clock.now()
    await here.later(1)
    page = (await web.get("/watching")).text
    assert "told by the server" in page
    assert "no patient of that id" in page
    assert not [word for word in ("Patient/", "nobody", "Encounter/", secret) if word in page]
    assert (await do(web, "end")).status_code == 303
    assert acts(here) == [("subscription.made", "Ada Nowak"), ("subscription.ended", "Ada Nowak")]
    for wrong, status in (({"rule": "none"}, 404), ({"do": "delete"}, 422), ({"name": "x" * 201}, 422)):
        assert (await web.post("/watching", data={**ADA, "do": "subscribe", **wrong})).status_code == status


async def test_two_at_once_do_not_leave_the_server_with_a_secret_that_nobody_knows(
    web: httpx.AsyncClient, here: Watching
) -> None:
    await here.later(0)
    with here.house.services.leases.acquire(f"subscription:{here.watch('admission').watch_id}"):
        late = await do(web, "subscribe")
    assert (late.status_code, "Somebody is changing this subscription now" in late.text) == (409, True)
    assert acts(here) == []
    assert (await do(web, "subscribe")).status_code == 303


async def test_what_the_server_does_not_turn_off_is_void_all_the_same_and_is_ended_later(
    web: httpx.AsyncClient, server: Happening, here: Watching, faults: Server
) -> None:
    await do(web, "subscribe")
    secret = await secret_of(server, str(here.watch("admission").subscription))
    faults.refuses = True
    refused = await do(web, "end")
    assert refused.status_code == 409
    assert "What it still tells is refused" in refused.text
    rung = await web.post("/subscriptions/admission", headers={"x-preround-secret": secret})
    assert rung.status_code == 401
    page = (await web.get("/watching")).text
    assert "Its secret opens nothing any more" in page
    faults.refuses = False
    assert (await do(web, "end")).status_code == 303
    page = (await web.get("/watching")).text
    assert "Its secret opens nothing any more" not in page
    async with httpx.AsyncClient(timeout=60) as client:
        (kept,) = (await client.get(f"{server.base}/Subscription")).json()["entry"]
    assert kept["resource"]["status"] == "off"


async def test_a_server_that_does_not_answer_keeps_nobody_waiting(
    web: httpx.AsyncClient, faults: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await do(web, "subscribe")
    faults.hangs = True
    monkeypatch.setattr(watching_view, "WITHIN", 0.2)
    page = await asyncio.wait_for(web.get("/watching"), 30)
    assert page.status_code == 200
    assert "The FHIR server did not answer within 0.2 s" in page.text


async def test_a_subscription_of_a_rule_that_is_in_force_no_more_is_shown_and_can_be_ended(
    web: httpx.AsyncClient, server: Happening, here: Watching
) -> None:
    await do(web, "subscribe")
    path = server.folder / "begins.toml"
    path.write_text(path.read_text().replace('name = "admission"', 'name = "arrival"'))
    page = (await web.get("/watching")).text
    assert "No rule of this name is in force any more" in page
    assert (await do(web, "subscribe")).status_code == 404
    assert (await do(web, "end")).status_code == 303
    assert "No rule of this name" not in (await web.get("/watching")).text


async def test_what_waits_says_until_when_and_why(server: Happening) -> None:
    rules = own_rules(server.folder)
    async with watching(server, rules=rules, rounds_an_hour=1) as here, visiting(here.house) as web:
        await here.later(0)
        await server.put(admission("a"), admission("b", "Patient/bob"), result("r"))
        await here.later(61)
        page = (await web.get("/watching")).text
        assert "1 waits: as many rounds began within the hour as may (1)." in page
        assert "1 of the rule result: due 1 Mar 2026, 08:06 UTC." in page
        assert "asked in turn" in page
        assert "1 began, 1 waits, 0 refused" in page


def test_a_sentence_of_a_server_stays_text() -> None:
    assert coded("say `<b>` & go") == "Say <code>&lt;b&gt;</code> &amp; go"
    assert "<" not in coded("`<img src=x>")


async def test_where_rounds_do_not_begin_by_themselves_nothing_is_subscribed(server: Happening) -> None:
    async with watching(server, enabled=False) as here, visiting(here.house) as web:
        assert "don’t begin by themselves here" in (await web.get("/watching")).text
        assert (await do(web, "subscribe")).status_code == 409
        assert acts(here) == []
