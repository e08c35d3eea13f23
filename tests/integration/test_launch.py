"""SMART launches from an EHR over a socket: the open patient alone, written with the person's own token, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from preround.cds_hooks.due import _item
from preround.people.people import people_of
from preround.people.site import SignIn, Smart
from preround.sandbox.app import create_sandbox
from preround.settings import Settings
from preround.web.app import create_web
from preround.wiring import House, open_house
from review.queue import queue, show
from store import items, opened
from store.items import ItemRow
from tests.integration.test_sign_in import Clock
from tests.integration.web.conftest import drafted as drafted
from tests.integration.web.conftest import home as home
from tests.integration.web.visitor import form_of
from tests.provider import CLIENT, SYSTEM, Provider
from tests.unit.fhir.socket_server import served
from tests.visiting import SITE, strangers

ROLES: dict[str, Any] = {"Practitioner": ("clinician", "prescriber")}


@dataclass(frozen=True, kw_only=True)
class Ehr:
    """A house beside an EHR that launches it."""

    house: House
    provider: Provider
    clock: Clock
    web: Any
    base: str

    @property
    def item(self) -> str:
        return queue(self.house.services.db, states={"open"})[0].item_id

    async def sent(self, browser: httpx.AsyncClient, path: str) -> str:
        """Where the EHR sends the browser back to."""
        asked = await browser.get(path)
        assert asked.status_code == 303, asked.text
        async with httpx.AsyncClient(timeout=60) as network:
            answer = await network.get(asked.headers["location"])
        return str(answer.headers["location"])

    async def launched(self, browser: httpx.AsyncClient, launch: str = "abc") -> httpx.Response:
        return await browser.get(await self.sent(browser, self.path(launch)))

    def path(self, launch: str = "abc") -> str:
        return str(httpx.URL("/launch", params={"iss": self.base, "launch": launch}))

    def strict(self) -> Ehr:
        """The same EHR beside a web process of its own, where each tier asks for opened evidence."""
        policy = self.house.services.policy
        tiers = tuple(tier.model_copy(update={"requires": ("evidence_opened",)}) for tier in policy.tiers)
        services = replace(self.house.services, policy=policy.model_copy(update={"tiers": tiers}))
        house = replace(self.house, services=services)
        people = people_of(house, seconds=self.clock.monotonic)
        people.listens_at(SITE)
        return replace(self, house=house, web=create_web(house, people=people))


@pytest.fixture
async def ehr(home: Path) -> AsyncIterator[Ehr]:
    clock = Clock()
    provider = Provider(clock, create_sandbox(home / "sandbox.sqlite", now=clock.now, audit=False))
    async with served(provider) as base:
        settings = Settings(
            home=home,
            fhir=base,
            fhir_token=SecretStr(SYSTEM),
            smart=Smart(client_id=CLIENT),
            sign_in=SignIn(roles=ROLES),
        )
        async with open_house(settings) as opened:
            house = replace(opened, services=replace(opened.services, clock=clock))
            people = people_of(house, seconds=clock.monotonic)
            assert people.listens_at(SITE) == SITE, "no link where people are launched"
            provider.person = {"sub": "u1", "name": "Ada Nowak", "fhirUser": f"{base}/Practitioner/p1"}
            provider.context = {"patient": queue(house.services.db)[0].patient.partition("/")[2]}
            web = create_web(house, people=people)
            yield Ehr(house=house, provider=provider, clock=clock, web=web, base=base)


async def test_a_launch_opens_the_patient_and_writes_with_the_persons_own_token(ehr: Ehr) -> None:
    item = ehr.item
    async with strangers(ehr.web) as browser:
        arrived = await ehr.launched(browser)
        assert (arrived.status_code, arrived.headers["location"]) == (303, "/launch/patient")
        asked = ehr.provider.asked[-1]
        assert (asked["aud"], asked["launch"]) == (ehr.base, "abc")
        assert "launch" in asked["scope"].split()
        opened = await browser.get("/launch/patient")
        assert opened.headers["location"] == f"/items/{item}"
        form = await form_of(browser, item)
        ehr.provider.written_by.clear()
        done = await browser.post(f"/items/{item}/decisions", data={**form, "choice": "approve_some", "entries": "1"})
        assert done.status_code == 303
        assert "/receipt" in done.headers["location"]
        writers = {token for token, path in ehr.provider.written_by if not path.endswith(("/_search", "$validate"))}
        assert writers
        assert SYSTEM not in writers
        (token,) = writers
        assert token not in (await browser.get(f"/items/{item}/receipt")).text
        files = [path for path in ehr.house.settings.home.rglob("*") if path.is_file()]
        assert files
        assert not any(token.encode() in path.read_bytes() for path in files), "never on disk"


async def test_who_was_launched_signs_what_they_opened_themselves_with_their_own_token(ehr: Ehr) -> None:
    strict, item = ehr.strict(), ehr.item
    source = show(ehr.house.services.db, item).proposal.entries[0].sources[0]
    address = f"/items/{item}/sources/{source.partition('/_history/')[0]}"
    one = {"choice": "approve_some", "entries": "1"}
    async with strangers(strict.web) as ada:
        await strict.launched(ada, "ada")
        form = {**await form_of(ada, item), **one}
        unseen = await ada.post(f"/items/{item}/decisions", data=form)
        assert unseen.status_code == 403
        assert "needs evidence opened before" in unseen.text
        assert "you opened it" not in (await ada.get(f"/items/{item}")).text
        shown = (await ada.get(address)).text
        assert "On record: Ada Nowak opened this" in shown
        assert "you opened it" in (await ada.get(f"/items/{item}")).text
    with ehr.house.services.db.read() as connection:
        (row,) = opened.of_items(connection, [item])[item]
    assert (row.person, row.person_key.endswith("|u1"), row.source) == ("Ada Nowak", True, source)
    # Somebody else of the same name, launched beside her, has opened nothing.
    ehr.provider.person = {**ehr.provider.person, "sub": "u9"}
    async with strangers(strict.web) as other:
        await strict.launched(other, "other")
        assert (await other.post(f"/items/{item}/decisions", data=form)).status_code == 403
        assert "you opened it" not in (await other.get(f"/items/{item}")).text
    # She comes again, to another web process, and the record is there.
    ehr.provider.person = {**ehr.provider.person, "sub": "u1"}
    again = ehr.strict()
    async with strangers(again.web) as ada:
        await again.launched(ada, "again")
        ehr.provider.written_by.clear()
        done = await ada.post(f"/items/{item}/decisions", data=form)
        assert (done.status_code, "/receipt" in done.headers["location"]) == (303, True)
    writers = {token for token, path in ehr.provider.written_by if not path.endswith(("/_search", "$validate"))}
    assert len(writers) == 1, "her own token, and no other"
    assert SYSTEM not in writers
    (decision,) = show(ehr.house.services.db, item).decisions
    assert decision.person_key == row.person_key


async def test_a_card_leads_through_the_launch_to_its_item(ehr: Ehr) -> None:
    card = _item(items_of(ehr)[0], SITE, launched=ehr.house.settings.launches_here)
    (link,) = card.as_json(uuid4(), "s", [])["links"]
    assert (link["type"], link["url"]) == ("smart", f"{SITE}/launch")
    assert (link["appContext"], ehr.item in link["appContext"]) == (f"item:{ehr.item}", True)
    ehr.provider.context["appContext"] = link["appContext"]
    async with strangers(ehr.web) as browser:
        arrived = await ehr.launched(browser)
        assert arrived.headers["location"] == f"/launch/patient?item={ehr.item}"
        assert (await browser.get(arrived.headers["location"])).headers["location"] == f"/items/{ehr.item}"
    absolute = _item(items_of(ehr)[0], SITE, launched=False).as_json(uuid4(), "s", [])["links"]
    assert absolute == [{"label": link["label"], "url": f"{SITE}/items/{ehr.item}", "type": "absolute"}]


@pytest.mark.parametrize("said", ["item:none", "item:../../fhir", "https://elsewhere.example/", {"item": "x"}, "", 7])
async def test_what_is_handed_over_and_is_no_item_leads_to_the_patient(ehr: Ehr, said: Any) -> None:
    ehr.provider.context["appContext"] = said
    async with strangers(ehr.web) as browser:
        to = (await ehr.launched(browser)).headers["location"]
        assert to.partition("?")[0] == "/launch/patient"
        assert (await browser.get(to)).headers["location"] == f"/items/{ehr.item}"


async def test_an_item_of_another_patient_that_is_handed_over_stays_shut(ehr: Ehr) -> None:
    ehr.provider.context = {"patient": "somebody-else", "appContext": f"item:{ehr.item}"}
    async with strangers(ehr.web) as browser:
        to = (await ehr.launched(browser)).headers["location"]
        assert "Nothing waits" in (await browser.get(to)).text


def items_of(ehr: Ehr) -> list[ItemRow]:
    with ehr.house.services.db.read() as connection:
        return list(items.open_of_patient(connection, queue(ehr.house.services.db)[0].patient))


async def test_such_a_session_sees_no_other_patient_and_no_other_page(ehr: Ehr) -> None:
    item = ehr.item
    ehr.provider.context = {"patient": "somebody-else"}
    async with strangers(ehr.web) as browser:
        await ehr.launched(browser)
        for path in ("/", f"/items/{item}", f"/items/{item}/receipt", "/api/items", "/queue/events", "/items/none"):
            assert (await browser.get(path)).status_code == 403, path
        assert "Nothing waits" in (await browser.get("/launch/patient")).text


async def test_a_launch_is_taken_from_the_sites_own_ehr_alone(ehr: Ehr) -> None:
    async with strangers(ehr.web) as browser:
        for iss in ("https://elsewhere.example/fhir", "", f"{ehr.base}/other", ehr.base.replace("http", "https"), "x"):
            answer = await browser.get("/launch", params={"iss": iss, "launch": "abc"})
            assert answer.status_code == 401, iss
            assert "location" not in answer.headers
        ehr.provider.methods = ["plain"]
        assert "S256" in (await browser.get(ehr.path())).text


async def test_a_launch_counts_once(ehr: Ehr) -> None:
    async with strangers(ehr.web) as browser, strangers(ehr.web) as other:
        back = await ehr.sent(browser, ehr.path("once"))
        assert (await other.get(back)).status_code == 401, "planted in another browser"
        assert (await ehr.launched(browser, "twice")).status_code == 303
        assert (await ehr.launched(other, "twice")).status_code == 401
        assert (await other.get("/launch/patient")).status_code == 401


@pytest.mark.parametrize(
    ("forge", "spoil", "context"),
    [
        ("none", {}, {}),
        ("HS256", {}, {}),
        ("", {"aud": "another"}, {}),
        ("", {"iss": "https://elsewhere.example"}, {}),
        ("", {"fhirUser": None}, {}),
        ("", {"fhirUser": "https://elsewhere.example/fhir/Practitioner/p1"}, {}),
        ("", {"fhirUser": "Patient/p1"}, {}),
        ("", {}, {"patient": None}),
        ("", {}, {"patient": "../x"}),
    ],
)
async def test_what_is_not_as_it_must_be_lets_nobody_in(
    ehr: Ehr, forge: str, spoil: dict[str, Any], context: dict[str, Any]
) -> None:
    ehr.provider.forge, ehr.provider.spoil = forge, spoil
    ehr.provider.context = {**ehr.provider.context, **context}
    async with strangers(ehr.web) as browser:
        assert (await ehr.launched(browser)).status_code == 401
        assert (await browser.get("/launch/patient")).status_code == 401


async def test_the_session_ends_with_the_token(ehr: Ehr) -> None:
    async with strangers(ehr.web) as browser:
        await ehr.launched(browser)
        ehr.clock.more += timedelta(seconds=601)
        assert (await browser.get("/launch/patient")).status_code == 401


async def test_without_a_launch_the_ehr_asks_for_the_patient(ehr: Ehr) -> None:
    async with strangers(ehr.web) as browser:
        back = await ehr.sent(browser, "/launch/alone")
        asked = ehr.provider.asked[-1]
        assert "launch/patient" in asked["scope"].split()
        assert "launch" not in asked
        assert (await browser.get(back)).status_code == 303
