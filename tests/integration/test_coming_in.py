"""Coming in: nobody sees anything before, the link opens once, sessions are short and cannot be planted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.datastructures import URL
from starlette.responses import Response

from preround.failure import Unusable
from preround.people.people import people_of
from preround.people.rates import Rates
from preround.people.sessions import Sessions
from preround.people.visitor import Visitor
from preround.reference.http_page import flat
from preround.settings import Settings
from preround.web.address import check_open_to, names
from preround.web.app import create_web
from preround.web.entrance import OPEN, OPEN_UNDER, Cookie
from preround.wiring import House, open_house
from tests.visiting import KEY, SITE, WITH_KEY, strangers


class Seconds:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(Settings(home=tmp_path, access_key=SecretStr(KEY))) as opened:
        yield opened


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def web(house: House, seconds: Seconds, said: list[str]) -> FastAPI:
    return create_web(house, people=people_of(house, seconds=seconds, say=said.append))


def link(web: FastAPI) -> str:
    return str(web.state.people.listens_at(SITE))


async def test_nobody_sees_or_does_anything_before_they_have_come_in(web: FastAPI) -> None:
    async with strangers(web) as client:
        tried = 0
        for route in flat(web.routes):
            path = re.sub(r"\{[^}]+\}", "1", route.path)
            for method in route.methods or ():
                answer = await client.request(method, path)
                closed = path not in OPEN and not path.startswith(OPEN_UNDER)
                assert answer.status_code == 401 or not closed, (method, path, answer.status_code)
                tried += closed
        assert tried > 15
        for path in (
            "/fhir",
            "/fhir/metadata",
            "/fhir/Patient",
            "/api/openapi.json",
            "/api/docs",
            "/nope",
            "//",
            "/API",
        ):
            assert (await client.get(path)).status_code == 401, path
        posted = await client.post("/fhir/Patient", json={"resourceType": "Patient"})
        assert posted.json()["resourceType"] == "OperationOutcome"
        page = await client.get("/")
        assert "Come in first" in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")


async def test_the_link_opens_once_and_leads_on(web: FastAPI) -> None:
    address = link(web)
    async with strangers(web) as first, strangers(web) as second:
        answer = await first.get(address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert (await first.get("/")).status_code == 200
        assert (await first.get(address)).status_code == 303, "opened again by who is in already"
        late = await second.get(address)
        assert late.status_code == 401
        assert "used already" in late.text
        assert (await second.get("/")).status_code == 401


async def test_a_new_link_is_printed_where_only_the_servers_user_reads_it(web: FastAPI, said: list[str]) -> None:
    old = link(web)
    async with strangers(web) as client:
        answer = await client.post("/sign-in/link")
        assert answer.status_code == 200
        (new,) = said
        assert new not in answer.text
        assert new.partition("link=")[2] not in answer.text
        assert (await client.get(old)).status_code == 401, "a newer one voids it"
        assert (await client.get(new)).status_code == 303


async def test_many_that_race_for_the_link_have_one_winner(web: FastAPI) -> None:
    address = link(web)
    clients = [strangers(web) for _ in range(8)]
    answers = await asyncio.gather(*(one.get(address) for one in clients))
    assert sorted(one.status_code for one in answers) == [303] + [401] * 7


async def test_a_session_that_was_planted_is_never_taken_over(web: FastAPI) -> None:
    async with strangers(web) as client:
        client.cookies.set("preround-8000", "planted-by-somebody", domain="127.0.0.1")
        assert (await client.get("/")).status_code == 401
        entered = await client.get(link(web))
        secret = re.search(r"preround-8000=([^;]+)", entered.headers["set-cookie"])
        assert secret
        assert secret[1] != "planted-by-somebody"
        assert len(secret[1]) >= 43
    async with strangers(web) as other:
        other.cookies.set("preround-8000", "planted-by-somebody", domain="127.0.0.1")
        assert (await other.get("/")).status_code == 401


async def test_coming_in_again_ends_the_session_before(web: FastAPI) -> None:
    async with strangers(web) as client:
        await client.get(link(web))
        before = dict(client.cookies)
        await client.get(link(web))
        assert dict(client.cookies) != before
    async with strangers(web) as other:
        other.cookies.update(before)
        assert (await other.get("/")).status_code == 401


async def test_who_leaves_is_out_everywhere(web: FastAPI) -> None:
    async with strangers(web) as client:
        await client.get(link(web))
        kept = dict(client.cookies)
        assert (await client.post("/sign-out", headers={"sec-fetch-site": "cross-site"})).status_code == 403
        assert (await client.get("/")).status_code == 200
        assert (await client.post("/sign-out")).status_code == 200
        client.cookies.update(kept)
        assert (await client.get("/")).status_code == 401


async def test_a_session_ends_when_it_idles_and_after_hours_in_any_case(web: FastAPI, seconds: Seconds) -> None:
    async with strangers(web) as client:
        await client.get(link(web))
        for _ in range(20):
            seconds.now += 29 * 60
            assert (await client.get("/")).status_code == 200
        seconds.now += 29 * 60
        assert (await client.get("/")).status_code == 401
        await client.get(link(web))
        seconds.now += 30 * 60
        assert (await client.get("/")).status_code == 401


async def test_a_program_comes_in_by_the_key_and_by_nothing_like_it(web: FastAPI) -> None:
    async with strangers(web) as client:
        assert (await client.get("/fhir/Patient", headers=WITH_KEY)).status_code == 200
        for wrong in (f"Bearer {KEY}x", f"bearer {KEY}", KEY, "Bearer ", "Bearer \u00e9", f"Basic {KEY}"):
            answer = await client.get("/fhir/Patient", headers={b"authorization": wrong.encode()})
            assert answer.status_code == 401, wrong
        assert "set-cookie" not in (await client.get("/", headers=WITH_KEY)).headers


async def test_without_a_key_in_the_settings_no_program_comes_in(tmp_path: Path) -> None:
    async with open_house(Settings(home=tmp_path)) as house, strangers(create_web(house)) as client:
        for header in ("Bearer ", "Bearer None", WITH_KEY["authorization"]):
            assert (await client.get("/api/items", headers={"authorization": header})).status_code == 401


async def test_who_knocks_too_often_must_wait(web: FastAPI, seconds: Seconds) -> None:
    async with strangers(web) as client:
        answers = [(await client.get("/enter?link=guess")).status_code for _ in range(40)]
        assert answers == [401] * 30 + [429] * 10
        late = await client.get("/enter?link=guess")
        assert int(late.headers["retry-after"]) >= 1
        assert (await client.get("/healthz")).status_code == 200
        seconds.now += 60
        assert (await client.get(link(web))).status_code == 303


def test_a_caller_has_so_many_requests_and_no_other_pays_for_them(seconds: Seconds) -> None:
    rates = Rates(60, seconds)
    assert [rates.wait("a") for _ in range(61)] == [0] * 60 + [1]
    assert rates.wait("b") == 0
    seconds.now += 1
    assert [rates.wait("a") for _ in range(2)] == [0, 1]
    assert [Rates(0, seconds).wait("a") for _ in range(9999)] == [0] * 9999


async def test_whoever_asks_too_often_must_wait_and_no_other_with_them(tmp_path: Path, seconds: Seconds) -> None:
    settings = Settings(home=tmp_path, access_key=SecretStr(KEY), requests_a_minute=5)
    async with (
        open_house(settings) as house,
        strangers(create_web(house, people=people_of(house, seconds=seconds))) as web,
    ):
        answers = [await web.get("/api/items", headers=WITH_KEY) for _ in range(7)]
        assert [one.status_code for one in answers] == [200] * 5 + [429] * 2
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert [(await web.get("/")).status_code for _ in range(6)] == [401] * 5 + [429], (
            "who has not come in counts too"
        )
        seconds.now += 60
        assert (await web.get("/api/items", headers=WITH_KEY)).status_code == 200


def test_sessions_without_end_do_not_fill_the_memory(seconds: Seconds) -> None:
    sessions = Sessions(seconds, idle=60, longest=600, most=3)
    secrets = []
    for _ in range(4):
        secrets.append(sessions.begin(Visitor(way="link")))
        seconds.now += 1
        sessions.find(secrets[0])  # busy, so that another gives way
    assert [sessions.find(one) is not None for one in secrets] == [True, False, True, True]


def test_the_cookie_cannot_be_read_by_scripts_and_stays_on_https_where_the_site_is() -> None:
    for address, name, secure in (
        ("http://127.0.0.1:8000/", "preround-8000", False),
        ("https://preround.example/", "__Host-preround-443", True),
    ):
        response = Response()
        Cookie.at(URL(address)).put(response, "secret")
        said = response.headers["set-cookie"].lower()
        assert said.startswith(f"{name}=secret".lower())
        assert "httponly" in said
        assert "samesite=lax" in said
        assert ("; secure" in said) is secure
        assert "domain" not in said


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("0.0.0.0", None),  # noqa: S104
        ("192.0.2.1", None),
        ("127.0.0.1", "https://preround.example"),
        ("127.0.0.1", "http://127.0.0.1:8000/path"),
        ("127.0.0.1", "ftp://127.0.0.1"),
    ],
)
def test_the_link_is_not_given_out_where_others_could_read_along(host: str, public: str | None) -> None:
    with pytest.raises(Unusable):
        check_open_to(host, public)


def test_a_container_whose_port_is_published_on_this_machine_may_listen_everywhere() -> None:
    check_open_to("0.0.0.0", "http://127.0.0.1:8000")  # noqa: S104
    check_open_to("127.0.0.1", None)
    assert "[::1]" in names("http://[::1]:8000")
