"""The queue as Tasks while the FHIR server fails: nothing waits for them, they catch up, and none is there twice."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from preround.home import sandbox_app
from preround.reporting import passes
from preround.reporting.passes import LAST_SECONDS, report_once, reported
from preround.reporting.tasks import show_tasks
from preround.settings import Settings
from preround.wiring import House, Outside, open_house
from review.audit_event import event_id
from review.item_task import task_id
from review.queue import claim, queue, release
from store import audit
from store.database import DatabaseAway, Transaction
from tests.acceptance.homes import Home
from tests.integration.faulty import Faulty
from tests.unit.fhir.socket_server import served
from tools.fhir.limits import Limits


@pytest.fixture(autouse=True)
def _nobody_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine five seconds are not enough for all that is left."""
    monkeypatch.setattr(passes, "LAST_SECONDS", 600.0)


@pytest.fixture
def home(drafted_on_both: tuple[Home, str]) -> Home:
    return drafted_on_both[0]


def telling(home: Home, base: str) -> Settings:
    """The settings of a house of this home that tells the server of everything."""
    more = {"fhir": base, "fhir_tasks": True, "fhir_audit": True, "sweep_seconds": 0.02}
    return home.settings.model_copy(update=more)


@pytest.fixture
async def faulty(home: Home) -> AsyncIterator[tuple[House, Faulty]]:
    """A house with an item that waits, whose FHIR server is the home's sandbox, over a socket and with faults."""
    app = sandbox_app(home.settings)
    between = Faulty(app)
    outside = Outside(limits=Limits(backoff_seconds=0.0))
    async with served(between) as base, open_house(telling(home, base), outside=outside) as house:
        yield house, between
    app.state.database.close()  # type: ignore[attr-defined]


async def task_of(house: House, item_id: str) -> dict[str, Any]:
    return await house.services.client.read("Task", task_id(item_id))


async def test_nothing_waits_for_a_server_that_is_away_and_the_tasks_catch_up(faulty: tuple[House, Faulty]) -> None:
    house, server = faulty
    services = house.services
    (item,) = queue(services.db, states={"open"})
    server.down()
    away = await report_once(house)
    assert (away.done, away.away, away.trouble is None) == (0, True, False)
    claim(services.db, item_id=item.item_id, person="Ada Nowak", policy=services.policy, now=services.clock.now())
    server.rules = []
    assert (await report_once(house)).done == 1 + len(chain(house)), "the Task and the acts"
    task = await task_of(house, item.item_id)
    assert (task["status"], task["meta"]["versionId"]) == ("received", "1")
    assert (await report_once(house)).done == 0


async def test_what_was_sent_and_not_noted_is_taken_up_where_it_is(faulty: tuple[House, Faulty]) -> None:
    house, _ = faulty
    services = house.services
    (item,) = queue(services.db, states={"open"})
    await report_once(house)
    with services.db.write() as connection:  # as if the process had ended before it could note it
        connection.exec_driver_sql("UPDATE item_tasks SET shown = NULL, stored_id = NULL")
    claim(services.db, item_id=item.item_id, person="Ada Nowak", policy=services.policy, now=services.clock.now())
    assert (await report_once(house)).trouble is None
    task = await task_of(house, item.item_id)
    assert (task["owner"], task["meta"]["versionId"]) == ({"display": "Ada Nowak"}, "2")


async def test_whoever_is_late_never_writes_an_older_state_over_a_newer_one(faulty: tuple[House, Faulty]) -> None:
    house, _ = faulty
    services = house.services
    (item,) = queue(services.db, states={"open"})

    async def shows() -> None:
        async with house.reporting() as reporter:
            for _ in range(3):
                await show_tasks(services, reporter, public_url=None)

    async def moves() -> None:
        for turn in range(6):
            move = release if turn % 2 else claim
            now = services.clock.now()
            move(services.db, item_id=item.item_id, person="Ada Nowak", policy=services.policy, now=now)
            await asyncio.sleep(0.01)

    await asyncio.gather(shows(), shows(), shows(), moves())
    claim(services.db, item_id=item.item_id, person="Ben Okafor", policy=services.policy, now=services.clock.now())
    await asyncio.gather(shows(), shows())
    task = await task_of(house, item.item_id)
    assert (task["status"], task["owner"]) == ("received", {"display": "Ben Okafor"})


async def test_of_several_processes_one_tells_at_a_time_and_each_act_goes_once_and_in_order(
    faulty: tuple[House, Faulty], home: Home
) -> None:
    house, _ = faulty
    services = house.services
    (item,) = queue(services.db, states={"open"})
    said: list[str] = []
    async with AsyncExitStack() as stack:
        for _ in range(3):
            other = await stack.enter_async_context(open_house(house.settings))
            await stack.enter_async_context(reported(other, say=said.append))
        for turn in range(40):
            move = release if turn % 2 else claim
            now = services.clock.now()
            move(services.db, item_id=item.item_id, person="Ada Nowak", policy=services.policy, now=now)
            await asyncio.sleep(0.01)
        claim(services.db, item_id=item.item_id, person="Ben Okafor", policy=services.policy, now=services.clock.now())
    assert said == []
    task = await task_of(house, item.item_id)
    assert (task["status"], task["owner"]) == ("received", {"display": "Ben Okafor"})
    names = [event_id(one) for one in chain(house)]
    assert [name for name in stored_events(home) if name in names] == names
    assert (await report_once(house)).done == 0


async def test_what_the_block_did_at_its_very_end_is_told(faulty: tuple[House, Faulty]) -> None:
    house, _ = faulty
    services = house.services
    (item,) = queue(services.db, states={"open"})
    async with reported(house, say=lambda words: None):
        await asyncio.sleep(0)
        claim(services.db, item_id=item.item_id, person="Ada Nowak", policy=services.policy, now=services.clock.now())
    assert (await task_of(house, item.item_id))["owner"] == {"display": "Ada Nowak"}


async def test_whoever_ends_while_another_tells_waits_for_it_and_tells_the_rest(faulty: tuple[House, Faulty]) -> None:
    house, _ = faulty
    services = house.services
    (item,) = queue(services.db, states={"open"})
    with services.leases.acquire("reporting"):
        assert (await report_once(house)).held
        ending = asyncio.create_task(_ended(house))
        await asyncio.sleep(0.3)
        assert not ending.done()
    await ending
    assert (await task_of(house, item.item_id))["status"] == "requested"


async def test_a_server_that_is_away_keeps_nobody_from_ending(faulty: tuple[House, Faulty]) -> None:
    house, server = faulty
    server.down()
    said: list[str] = []
    async with asyncio.timeout(LAST_SECONDS), reported(house, say=said.append):
        pass
    (words,) = said
    assert words.startswith("Not all is told to the FHIR server: ")
    assert "tried again" in words


async def test_a_database_that_is_away_is_not_said_to_be_the_servers_fault(
    faulty: tuple[House, Faulty],
) -> None:
    house, _ = faulty

    def away(connection: Transaction) -> None:
        raise DatabaseAway

    object.__setattr__(house.services, "db", house.services.db.guarded(away))
    found = await report_once(house)
    assert (found.away, found.trouble) == (True, None)


async def _ended(house: House) -> None:
    async with reported(house, say=lambda words: None):
        pass


def chain(house: House) -> list[str]:
    """The hashes of all acts, in order."""
    with house.services.db.read() as connection:
        return [row.hash for row in audit.rows(connection)]


def stored_events(home: Home) -> list[str]:
    """The ids of the AuditEvents that the server stored, as often as it did and in its order."""
    with contextlib.closing(sqlite3.connect(home.path / "sandbox.sqlite")) as sandbox:
        rows = sandbox.execute("SELECT id FROM version WHERE type = 'AuditEvent' ORDER BY seq")
        return [str(name) for (name,) in rows]
