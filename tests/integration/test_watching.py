"""Rounds that begin because something is new on the FHIR server: which, how often, and what is lost (nothing)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from preround.subscriptions.beginning import switched_off
from review.switches import Mode, Scope, switch
from store import beginnings, runs, watches
from store.database import Transaction
from tests.integration.happening import Happening, Watching, admission, happening, result, watching
from tests.stores import Store


@pytest.fixture
async def server(tmp_path: Path, which_store: Store, store_url: str) -> AsyncIterator[Happening]:
    async with happening(tmp_path) as found:
        found.database_url = SecretStr(store_url) if which_store == "postgresql" else None
        yield found


@pytest.fixture
async def here(server: Happening) -> AsyncIterator[Watching]:
    async with watching(server) as found:
        yield found


async def test_what_stands_there_begins_nothing_and_what_comes_begins_one_round(
    server: Happening, here: Watching
) -> None:
    await server.put(admission("old", "Patient/bob"))
    assert await here.later(0) == []
    await server.put(
        admission("new"), admission("day", "Patient/bob", status="planned"), result("r", status="preliminary")
    )
    assert await here.later(10) == []  # its turn has not come
    assert await here.later(60) == ["Patient/ann"]
    # A later version of the same encounter, and the same once more, are no new admission.
    await server.put(admission("new", length={"value": 1}))
    assert await here.later(7200) == []
    (row,) = here.audited()
    assert (row.actor, row.act) == ("subscription:admission", "round.begun")
    assert row.detail["resources"] == ["Encounter/new/_history/1"]
    assert (row.detail["how"], row.detail["tasks"]) == ("asked", ["summary"])
    with here.house.services.db.read() as connection:
        run = runs.get(connection, row.subject)
    assert run is not None
    assert (run.patient, run.status, here.driven) == ("Patient/ann", "running", ["Patient/ann"])


async def test_a_burst_is_one_round_and_what_comes_after_it_waits_for_the_next(
    server: Happening, here: Watching
) -> None:
    await here.later(0)
    await server.put(*(result(f"r{n}") for n in range(5)), result("b", "Patient/bob"))
    assert await here.later(61) == []
    await server.put(result("r5"))
    assert sorted(await here.later(300)) == ["Patient/ann", "Patient/bob"]
    assert {row.detail["number"] for row in here.audited()} == {6, 1}
    await server.put(result("r0", status="corrected"))  # a corrected result is news
    assert await here.later(400) == []
    assert await here.later(3200) == ["Patient/ann"]
    assert here.audited()[-1].detail["resources"] == ["Observation/r0/_history/2"]


async def test_whose_a_resource_is_comes_from_what_was_read(server: Happening, here: Watching) -> None:
    await here.later(0)
    await server.put(
        admission("a", "https://elsewhere.example/fhir/Patient/ann"),
        admission("b", "Group/g"),
        admission("c", "Patient/nobody"),
        admission("d", f"{server.base}/Patient/bob"),
    )
    assert await here.later(61) == ["Patient/bob"]
    problem = here.watch("admission").problem
    assert problem is not None
    assert problem.startswith("2 of what was read")
    refused = next(row for row in here.audited() if row.act == "round.refused")
    assert "no patient of that id" in refused.detail["why"]


async def test_more_than_one_look_reads_is_read_in_parts(server: Happening) -> None:
    async with watching(server, most=10) as here:
        await here.later(0)
        for n in range(35):
            server.clock.later(timedelta(seconds=1))
            await server.put(result(f"r{n}", f"Patient/{('ann', 'bob')[n % 2]}"))
        await here.later(61)
        assert here.watch("result").behind
        while here.watch("result").behind:
            await here.later(1)
        assert _seen(here, "result") == {f"Observation/r{n}" for n in range(35)}
        await here.later(300)
        assert sorted(row.detail["number"] for row in here.audited()) == [17, 18]


async def test_what_cannot_be_read_in_parts_is_said_and_nothing_is_passed_over(server: Happening) -> None:
    async with watching(server, most=10) as here:
        await here.later(0)
        await server.put_at_once(*(result(f"r{n:02}") for n in range(12)))  # all of one instant
        for _ in range(3):
            await here.later(61)
        assert "raise `most`" in (here.watch("result").problem or "")
    async with watching(server, most=20) as here:
        await here.later(0)
        assert len(_seen(here, "result")) == 12
        assert here.watch("result").problem is None


@pytest.mark.parametrize("ahead", [-7200, 7200, 400 * 86400])
async def test_the_servers_clock_may_be_wrong(server: Happening, here: Watching, ahead: int) -> None:
    await here.later(0)
    if ahead > 0:  # the clock of a server is put right after it stored something in the future
        server.clock._now += timedelta(seconds=ahead)
        await server.put(admission("future", "Patient/bob"))
        await here.later(61)
        server.clock._now -= timedelta(seconds=ahead)
        await server.put(admission("right"))
    else:  # or it is behind ours, and somebody puts a result in that was being stored for minutes
        server.clock.later(timedelta(seconds=30))
        await server.put(admission("future", "Patient/bob"))
        await here.later(61)
        server.clock._now -= timedelta(seconds=100)
        await server.put(admission("right"))
    await here.later(61)
    assert sorted(here.driven) == ["Patient/ann", "Patient/bob"]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("dies", range(1, 10))
async def test_wherever_the_process_ends_nothing_is_lost_and_nothing_begins_twice(
    server: Happening, here: Watching, dies: int
) -> None:
    await here.later(0)
    await server.put(admission("one"), admission("two", "Patient/bob"), result("r"))
    left = [dies]

    def check(connection: Transaction) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    services = here.house.services
    whole = services.db
    object.__setattr__(services, "db", whole.guarded(check))
    try:
        await here.later(61)
    except Killed:
        pass
    finally:
        object.__setattr__(services, "db", whole)
    here.again()
    await here.later(400)
    await here.later(400)
    assert sorted(row.detail["rule"] for row in here.audited()) == ["admission", "admission", "result"]
    with whole.read() as connection:
        assert sorted(run.patient for run in runs.undriven(connection)) == ["Patient/ann", "Patient/ann", "Patient/bob"]


async def test_so_many_begin_in_an_hour_and_the_others_wait(server: Happening) -> None:
    async with watching(server, rounds_an_hour=1) as here:
        await here.later(0)
        await server.put(admission("one"), admission("two", "Patient/bob"))
        assert len(await here.later(61)) == 1
        assert (await here.later(61), len(here.waiting())) == ([], 1)
        assert len(await here.later(3600)) == 1


async def test_what_another_process_begins_meanwhile_counts(server: Happening, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = beginnings.begun_since
    async with watching(server, rounds_an_hour=1) as here:

        def as_another_begins(connection: Transaction, moment: datetime) -> int:
            number = counts(connection, moment)
            with here.house.services.db.write() as others:
                assert beginnings.settle(others, here.waiting()[0], "begun", now=here.clock.now())
            return number

        await here.later(0)
        await server.put(admission("one"), admission("two", "Patient/bob"))
        with monkeypatch.context() as patch:
            patch.setattr(beginnings, "begun_since", as_another_begins)
            assert await here.later(61) == []
        assert len(here.waiting()) == 1


async def test_what_is_switched_off_begins_no_round_until_it_is_on_and_keeps_nobody_else_waiting(
    server: Happening,
) -> None:
    async with watching(server, rounds_an_hour=1) as here:
        await here.later(0)
        services = here.house.services

        def throw(mode: Mode) -> None:
            now = services.clock.now()
            switch(services.db, Scope(task="summary"), mode, reason="wrong ages", person="Ada Nowak", now=now)

        throw("off")
        await server.put(admission("one"), result("r", "Patient/bob"))
        assert await here.later(61) == []
        assert [why for why in switched_off(here.house).values() if "wrong ages" in why]
        assert await here.later(300) == ["Patient/bob"]
        with services.db.read() as connection:
            assert [run.patient for run in runs.undriven(connection)] == ["Patient/bob"], "none is put on record"
        assert {row.act for row in here.audited()} == {"round.begun"}
        throw("on")
        assert await here.later(3601) == ["Patient/ann"]
        assert switched_off(here.house) == {}


async def test_one_process_looks_at_a_time(server: Happening, here: Watching) -> None:
    await here.later(0)
    await server.put(admission("one"))
    name = watches.watch_id("admission", here.house.services.client.base_url)
    with here.house.services.leases.acquire(f"watch:{name}"):
        assert await here.later(61) == []
    assert await here.later(61) == ["Patient/ann"]


def _seen(here: Watching, rule: str) -> set[str]:
    watch = here.watch(rule)
    with here.house.services.db.read() as connection:
        names = {f"Observation/r{n}" for n in range(40)} | {f"Observation/r{n:02}" for n in range(40)}
        return set(beginnings.known(connection, watch.watch_id, names))
