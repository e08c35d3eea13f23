"""Signing in with a provider over a socket: who comes in, as whom they sign, and every forgery that is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from preround.doing import deciding
from preround.failure import Declined
from preround.people.people import people_of
from preround.people.site import SignIn
from preround.settings import Settings
from preround.web.app import create_web
from preround.wiring import House, open_house
from review.queue import queue, show
from store import audit
from tests.integration.web.conftest import drafted as drafted
from tests.integration.web.conftest import home as home
from tests.integration.web.visitor import post, waiting
from tests.provider import CLIENT, Provider
from tests.unit.fhir.socket_server import served
from tests.visiting import SITE, strangers

ROLES: dict[str, Any] = {
    "ward-doctors": ("clinician", "prescriber"),
    "pharmacists": ("pharmacist",),
    "informatics": ("informaticist",),
}


class Clock:
    """The real time, and what a test adds to it."""

    def __init__(self) -> None:
        self.more = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.more  # noqa: TID251 - statements are dated by the real time

    def monotonic(self) -> float:
        return self.more.total_seconds()

    def cpu_seconds(self) -> float:
        return 0.0


@dataclass(frozen=True, kw_only=True)
class Ward:
    """A house whose people sign in."""

    house: House
    provider: Provider
    clock: Clock
    web: Any

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[httpx.AsyncClient]:
        async with strangers(self.web) as client:
            yield client

    async def sent(self, browser: httpx.AsyncClient, to: str = "/", *, again: bool = False) -> str:
        """Where the provider sends the browser back to."""
        asked = await browser.get("/sign-in/start", params={"to": to, **({"again": "1"} if again else {})})
        assert asked.status_code == 303, asked.text
        async with httpx.AsyncClient(timeout=60) as network:
            answer = await network.get(asked.headers["location"])
        back = answer.headers["location"]
        assert back.startswith(f"{SITE}/sign-in/back?")
        return str(back)

    async def signed_in(self, browser: httpx.AsyncClient, to: str = "/", *, again: bool = False) -> httpx.Response:
        """The answer to coming back."""
        return await browser.get(await self.sent(browser, to, again=again))


@pytest.fixture
async def ward(home: Path) -> AsyncIterator[Ward]:
    clock = Clock()
    provider = Provider(clock)
    async with served(provider) as base:
        settings = Settings(home=home, sign_in=SignIn(issuer=base.removesuffix("/fhir"), client_id=CLIENT, roles=ROLES))
        async with open_house(settings) as opened:
            house = replace(opened, services=replace(opened.services, clock=clock))
            people = people_of(house, seconds=clock.monotonic)
            people.listens_at(SITE)
            yield Ward(house=house, provider=provider, clock=clock, web=create_web(house, people=people))


async def test_the_signed_in_person_signs_whatever_name_a_form_holds(ward: Ward) -> None:
    async with ward.browser() as browser:
        assert (await browser.get("/")).status_code == 401
        arrived = await ward.signed_in(browser, to="/items/x")
        assert (arrived.status_code, arrived.headers["location"]) == (303, "/items/x")
        item = await waiting(browser)
        page = (await browser.get(f"/items/{item}")).text
        assert "You sign as <strong>Ada Nowak</strong>" in page
        assert 'name="name"' not in page
        done = await post(browser, item, choice="approve_some", entries="1", name="Somebody Else")
        assert done.status_code == 303
        (decision,) = show(ward.house.services.db, item).decisions
        assert decision.person == "Ada Nowak"
        assert decision.person_key.endswith("|u1")
        assert decision.roles == ("clinician", "prescriber")
        receipt = (await browser.get(f"/items/{item}/receipt")).text
        assert "Ada Nowak" in receipt
        assert "Somebody Else" not in receipt
        written = next(row.body for row in show(ward.house.services.db, item).outbox if row.part == "target")
        assert '"display":"Ada Nowak"' in written


async def test_no_page_asks_who_is_signed_in_for_their_name(ward: Ward) -> None:
    async with ward.browser() as browser:
        ward.provider.person = {"sub": "u3", "name": "Cyd Marsh", "roles": "informatics"}
        await ward.signed_in(browser)
        for page in ("/", "/switches", "/watching"):
            shown = await browser.get(page)
            assert shown.status_code == 200, page
            assert 'name="name"' not in shown.text.replace('type="hidden" name="name"', ""), page
        assert "You act as <strong>Cyd Marsh</strong>" in (await browser.get("/switches")).text


async def test_roles_come_from_claims_alone(ward: Ward) -> None:
    async with ward.browser() as browser:
        ward.provider.person = {"sub": "u2", "name": "Ben Okafor", "roles": "pharmacists"}
        await ward.signed_in(browser)
        item = await waiting(browser)
        refused = await post(browser, item, choice="approve_some", entries="1")
        assert refused.status_code == 403
        assert "needs a clinician" in refused.text
        assert (await post(browser, item, choice="reject", code="clutter")).status_code == 303
    async with ward.browser() as browser:
        ward.provider.person = {"sub": "u3", "name": "Nobody", "roles": ["cleaners"]}
        answer = await ward.signed_in(browser)
        assert answer.status_code == 401
        assert "no role here" in answer.text
        assert (await browser.get("/")).status_code == 401


async def test_where_people_sign_in_no_name_is_believed_that_is_only_given(ward: Ward) -> None:
    item = queue(ward.house.services.db, states={"open"})[0].item_id
    with pytest.raises(Declined, match="sign in here"):
        await deciding.decide(ward.house, item_id=item, person="Ada Nowak", verb="approve")
    async with ward.browser() as browser:
        assert (await browser.get("/enter?link=x")).status_code == 401
        assert "terminal" not in (await browser.get("/")).text
        assert 'href="/sign-in/start?to=/"' in (await browser.get("/")).text


async def test_what_somebody_claims_or_ends_is_theirs_whatever_name_they_give(ward: Ward) -> None:
    db = ward.house.services.db
    async with ward.browser() as browser:
        await ward.signed_in(browser)
        item = await waiting(browser)
        assert (await browser.get("/rollout")).status_code == 403, (
            "this machine's own user may; who signed in has roles"
        )
        done = await browser.post("/queue/claims", data={"one": f"claim:{item}", "name": "Somebody Else"})
        assert done.status_code == 303
        assert show(db, item).item.claimed_by == "Ada Nowak"
        ended = await browser.post(f"/api/runs/{show(db, item).item.run_id}/cancel", json={"person": "Somebody Else"})
        assert ended.status_code == 200
    with db.read() as connection:
        assert {act.actor for act in audit.rows(connection, subject=item) if act.act != "item.opened"} == {"Ada Nowak"}


@pytest.mark.parametrize(
    ("forge", "spoil"),
    [
        ("none", {}),
        ("HS256", {}),
        ("other", {}),
        ("", {"aud": "another-program"}),
        ("", {"aud": [CLIENT, "another-program"]}),
        ("", {"azp": "another-program"}),
        ("", {"iss": "https://elsewhere.example"}),
        ("", {"nonce": "another"}),
        ("", {"nonce": None}),
        ("", {"exp": 1}),
        ("", {"exp": None}),
        ("", {"iat": None}),
        ("", {"sub": ""}),
        ("", {"sub": None}),
        ("", {"name": None}),
        ("", {"name": {"family": "x"}}),
    ],
)
async def test_a_statement_that_is_not_as_it_must_be_lets_nobody_in(
    ward: Ward, forge: str, spoil: dict[str, Any]
) -> None:
    ward.provider.forge, ward.provider.spoil = forge, spoil
    async with ward.browser() as browser:
        answer = await ward.signed_in(browser)
        assert answer.status_code == 401
        assert "preround-8000" not in answer.headers.get("set-cookie", "")
        assert (await browser.get("/")).status_code == 401
        ward.provider.forge, ward.provider.spoil = "", {}
        assert (await ward.signed_in(browser)).status_code == 303


async def test_a_sign_in_counts_once_and_in_the_browser_that_began_it(ward: Ward) -> None:
    async with ward.browser() as browser, ward.browser() as other:
        back = await ward.sent(browser)
        assert (await other.get(back)).status_code == 401, "another browser, or another site's page"
        assert (await browser.get(back)).status_code == 401, "it was tried already"
        back = await ward.sent(browser)
        assert (await browser.get(back)).status_code == 303
        assert (await browser.get(back)).status_code == 401
        for wrong in ("/sign-in/back", "/sign-in/back?state=x&code=y", back.replace("/sign-in/", "/launch/")):
            assert (await other.get(wrong)).status_code == 401
        back = await ward.sent(browser)
        ward.clock.more += timedelta(minutes=11)
        assert (await browser.get(back)).status_code == 401, "too late"


async def test_an_answer_that_names_another_issuer_is_refused(ward: Ward) -> None:
    async with ward.browser() as browser:
        back = await ward.sent(browser)
        assert (await browser.get(f"{back}&iss=https%3A%2F%2Felsewhere.example")).status_code == 401


async def test_a_statement_that_was_brought_before_is_refused(ward: Ward) -> None:
    ward.provider.spoil = {"jti": "the-same"}
    async with ward.browser() as browser:
        assert (await ward.signed_in(browser)).status_code == 303
        assert (await ward.signed_in(browser)).status_code == 401


async def test_nobody_is_led_elsewhere_after_signing_in(ward: Ward) -> None:
    async with ward.browser() as browser:
        for wrong in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:x"):
            assert (await ward.signed_in(browser, to=wrong)).headers["location"] == "/"


async def test_coming_in_gives_a_new_session_and_ends_the_one_before(ward: Ward) -> None:
    async with ward.browser() as browser, ward.browser() as thief:
        await ward.signed_in(browser)
        before = browser.cookies["preround-8000"]
        await ward.signed_in(browser)
        assert browser.cookies["preround-8000"] != before
        thief.cookies.set("preround-8000", before, domain="127.0.0.1")
        assert (await thief.get("/")).status_code == 401


async def test_a_high_tier_asks_for_a_sign_in_of_the_last_quarter_of_an_hour(ward: Ward, tmp_path: Path) -> None:
    policy = ward.house.services.policy
    strict = tuple(
        tier.model_copy(update={"requires": ("evidence_opened", "signed_in_again")}) for tier in policy.tiers
    )
    services = replace(ward.house.services, policy=policy.model_copy(update={"tiers": strict}))
    house = replace(ward.house, services=services)
    people = people_of(house, seconds=ward.clock.monotonic)
    people.listens_at(SITE)
    high = replace(ward, house=house, web=create_web(house, people=people))
    async with high.browser() as browser:
        await high.signed_in(browser)
        item = await waiting(browser)
        unseen = await post(browser, item, choice="approve_some", entries="1")
        assert unseen.status_code == 403
        assert "needs evidence opened before" in unseen.text
        page = (await browser.get(f"/items/{item}")).text
        assert "Before you sign, open the evidence of" in page
        listed = page.partition('<details class="evidence"')[2]
        source = listed.partition(f'href="/items/{item}/sources/')[2].partition('"')[0].partition("#")[0]
        address = f"/items/{item}/sources/{source.replace('&amp;', '&')}"
        ahead = await browser.get(address, headers={"sec-purpose": "prefetch;prerender"})
        assert (ahead.status_code, "On record" in ahead.text) == (200, False)
        assert "you opened it" not in (await browser.get(f"/items/{item}")).text
        assert "On record: Ada Nowak opened this" in (await browser.get(address)).text
        assert "you opened it" in (await browser.get(f"/items/{item}")).text
        # Another process of the same site, which has seen nobody open anything.
        people = people_of(house, seconds=ward.clock.monotonic)
        people.listens_at(SITE)
        high = replace(high, web=create_web(house, people=people))
    async with high.browser() as browser:
        await high.signed_in(browser)
        high.clock.more += timedelta(minutes=16)
        late = await post(browser, item, choice="approve_some", entries="1")
        assert late.status_code == 403
        assert "signed in again" in late.text
        high.provider.signed_in_ago = timedelta(minutes=16)
        await high.signed_in(browser, again=True)
        assert high.provider.asked[-1]["prompt"] == "login"
        assert (await post(browser, item, choice="approve_some", entries="1")).status_code == 403, "it did not ask them"
        high.provider.signed_in_ago = timedelta(0)
        assert (await high.signed_in(browser, to=f"/items/{item}", again=True)).headers["location"] == f"/items/{item}"
        assert (await post(browser, item, choice="approve_some", entries="1")).status_code == 303


async def test_one_person_under_two_names_is_one_signature_and_two_of_one_name_are_two(ward: Ward) -> None:
    policy = ward.house.services.policy
    four = policy.tier(4)
    two = tuple(tier.model_copy(update={"signatures": four.signatures, "requires": ()}) for tier in policy.tiers)
    services = replace(ward.house.services, policy=policy.model_copy(update={"tiers": two}))
    house = replace(ward.house, services=services)
    people = people_of(house, seconds=ward.clock.monotonic)
    people.listens_at(SITE)
    high = replace(ward, house=house, web=create_web(house, people=people))
    both = ["ward-doctors", "pharmacists"]
    async with high.browser() as browser:
        item = ""
        for person, status in (
            ({"sub": "u1", "name": "Ada Nowak", "roles": both}, 303),
            ({"sub": "u1", "name": "Ada Married", "roles": both}, 409),
            ({"sub": "u9", "name": "Ada Nowak", "roles": both}, 303),
        ):
            high.provider.person = person
            await high.signed_in(browser)
            item = item or await waiting(browser)
            answer = await post(browser, item, choice="approve_some", entries="1")
            assert answer.status_code == status, answer.text
        assert show(house.services.db, item).item.state == "approved"


async def test_a_provider_that_is_away_or_another_is_said(home: Path) -> None:
    for issuer in ("http://127.0.0.1:1", "http://127.0.0.1:1/path"):
        settings = Settings(home=home, sign_in=SignIn(issuer=issuer, client_id=CLIENT, roles=ROLES))
        async with open_house(settings) as house, strangers(create_web(house)) as browser:
            answer = await browser.get("/sign-in/start")
            assert answer.status_code == 401
            assert "does not answer" in answer.text
