"""Whoever drives rounds or moves items shows them as Tasks and copies the acts, with no `serve` anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from preround.shown.instant import instant
from preround.wiring import open_house
from review.audit_event import event_id
from review.item_task import task_id
from store import audit
from tests.acceptance.homes import AS_OF, PATIENT, SECONDS, Home, copied, finish, loaded_home
from tests.postgres import PostgreSQL

TELLS = {"PREROUND_FHIR_TASKS": "true", "PREROUND_FHIR_AUDIT": "true"}


@pytest.fixture
def on_postgres(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, postgres: PostgreSQL) -> Iterator[Home]:
    url = postgres.new("ready")
    yield copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home", PREROUND_DATABASE_URL=url)
    postgres.drop(url)


def telling(home: Home) -> Home:
    """The same home for a process that tells the FHIR server."""
    return replace(home, more={**home.more, **TELLS})


async def begun(home: Home) -> str:
    """A round on record that nobody drives."""
    async with open_house(home.settings) as house:
        return house.runner.open(
            run_id="waits", patient=f"Patient/{PATIENT}", tasks=("summary",), as_of=instant(AS_OF)
        ).run_id


def tasks(home: Home) -> dict[str, Any]:
    return {name: found for name, found in home.stored().items() if name.startswith("Task/")}


def stands(home: Home, item: str) -> tuple[str, str | None] | None:
    found = home.stored().get(f"Task/{task_id(item)}")
    return (
        None if found is None else (found["businessStatus"]["coding"][0]["code"], found.get("owner", {}).get("display"))
    )


def until(found: Any, *, ends: float = SECONDS) -> Any:
    """What is found, once it is."""
    end = time.monotonic() + ends
    while not (value := found()):
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.1)
    return value


def opened(home: Home) -> int:
    """How many items there are."""
    with home.state() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM items").scalar_one())


def acts(home: Home) -> list[str]:
    """The ids of the AuditEvents of all acts, in order."""
    with home.state() as connection:
        return [event_id(row.hash) for row in audit.rows(connection)]


def copies(home: Home) -> list[str]:
    """The ids of the AuditEvents that the server stored, as often as it did and in its order; its own are not ours."""
    ours = set(acts(home))
    with contextlib.closing(sqlite3.connect(home.path / "sandbox.sqlite")) as sandbox:
        rows = sandbox.execute("SELECT id FROM version WHERE type = 'AuditEvent' ORDER BY seq")
        return [name for (name,) in rows if name in ours]


def test_a_worker_alone_shows_what_it_drove_and_what_people_decide_at_a_command_line(on_postgres: Home) -> None:
    asyncio.run(begun(on_postgres))
    assert tasks(on_postgres) == {}
    worker = telling(on_postgres).start("worker")
    try:
        (shown,) = until(lambda: tasks(on_postgres)).values()
        item = shown["identifier"][0]["value"]
        assert stands(on_postgres, item) == ("open", None)
        assert shown["for"] == {"reference": f"Patient/{PATIENT}"}
        on_postgres.preround("decide", item, "--approve", "--as", "Ada Nowak")
        until(lambda: stands(on_postgres, item) == ("written", "Ada Nowak"))
        until(lambda: copies(on_postgres) == acts(on_postgres))
        assert len(tasks(on_postgres)) == 1
    finally:
        worker.send_signal(signal.SIGTERM)
        ended = finish(worker)
    assert ended.code == 0, ended
    assert "told" not in ended.err, ended.err


def test_a_worker_that_is_told_to_stop_shows_what_is_left_before_it_ends(on_postgres: Home) -> None:
    asyncio.run(begun(on_postgres))
    seldom = telling(replace(on_postgres, more={**on_postgres.more, "PREROUND_SWEEP_SECONDS": "3600"}))
    worker = seldom.start("worker")
    try:
        until(lambda: opened(on_postgres))
        assert tasks(on_postgres) == {}, "its turn has not come"
    finally:
        worker.send_signal(signal.SIGTERM)
        ended = finish(worker)
    assert ended.code == 0, ended
    assert len(tasks(on_postgres)) == 1
    assert copies(on_postgres) == acts(on_postgres)


def test_each_command_that_moves_something_shows_it_at_its_end(home: Home) -> None:
    home = telling(home)
    item = home.draft()["review_item"]
    assert stands(home, item) == ("open", None)
    home.preround("claim", item, "--as", "Ada Nowak")
    assert stands(home, item) == ("claimed", "Ada Nowak")
    home.preround("decide", item, "--approve", "--as", "Ben Okafor")
    assert stands(home, item) == ("written", "Ben Okafor")
    assert copies(home) == acts(home)
    asyncio.run(begun(home))
    (resumed,) = home.json("resume")
    assert stands(home, resumed["review_item"]) == ("open", None)
    home.preround("cancel", "waits")
    assert stands(home, resumed["review_item"]) == ("cancelled", None)
    done = home.json("batch", "--search", f"_id={PATIENT}", "--task", "comparison", "--as-of", AS_OF)
    assert done["states"] == {"awaiting_review": 1}
    assert len(tasks(home)) == 3
    assert copies(home) == acts(home)


def test_nothing_is_told_where_it_is_not_switched_on(home: Home) -> None:
    home.draft()
    assert (tasks(home), copies(home)) == ({}, [])


def test_two_that_send_the_acts_do_not_meet(home: Home) -> None:
    home.draft()

    async def sending() -> str:
        async with open_house(home.settings) as house:
            with house.services.leases.acquire("reporting"):
                return await asyncio.to_thread(home.refused, "audit", "send", expect=4)

    assert "Another process is telling the FHIR server" in asyncio.run(sending())
    assert copies(home) == []
    home.preround("audit", "send")
    assert copies(home) == acts(home)
