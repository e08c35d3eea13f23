"""`preround worker` on PostgreSQL: sharing, a worker that is killed, one that is told to stop.

`TEST_COHORT` in the environment sets how many patients there are, `TEST_OUTAGE_SECONDS` how long a database is away.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from preround.doing import deciding
from preround.wiring import open_house
from review.queue import queue
from tests.acceptance.cohorts import cohort_home
from tests.acceptance.homes import SECONDS, Home, copied, finish
from tests.acceptance.noted import Noted, called, in_line
from tests.depth import depth
from tests.integration.web.visitor import links
from tests.postgres import PostgreSQL, running, start, stop
from tests.visiting import visiting

pytestmark = pytest.mark.kill
PATIENTS = depth("COHORT", here=10, ci=60)
AWAY_SECONDS = depth("OUTAGE_SECONDS", here=2)
"""A database that is restarted is away so long."""
IN_FLIGHT = 5
MIDDLE = max(0, PATIENTS // 2 - 2 * IN_FLIGHT)
RESCUE_SECONDS = 10.0
"""So soon a round goes on whose worker was killed, on a machine that has a processor for who takes it over."""
ASKED = ("--task", "summary", "--as-of", "2026-03-01T12:00:00Z")


@pytest.fixture
def cohort(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, postgres: PostgreSQL) -> Iterator[Home]:
    url = postgres.new("ready")
    template = cohort_home(tmp_path_factory.getbasetemp(), PATIENTS)
    yield copied(template, tmp_path / "home", PREROUND_DATABASE_URL=url)
    postgres.drop(url)


def asked(home: Home, query: str) -> list[Any]:
    with psycopg.connect(home.more["PREROUND_DATABASE_URL"]) as connection:
        return connection.execute(query).fetchall()


def until(true: Callable[[], object], *running: subprocess.Popen[str]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        for one in running:
            assert one.poll() is None, finish(one)
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


@contextlib.contextmanager
def working(home: Home, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A worker, ended with the block, if it is still there."""
    process = home.start("worker", *options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def ready(home: Home, number: int) -> bool:
    """Whether so many workers give signs of life."""
    found = asked(home, "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'preround_jobs_%'")
    if not found:
        return False
    table = f'"{found[0][0]}".procrastinate_workers'
    lanes = asked(home, f"SELECT count(*) FROM {table} WHERE last_heartbeat > now() - interval '3 seconds'")  # noqa: S608
    return bool(lanes[0][0] == 2 * number)


def held(home: Home) -> set[str]:
    """The rounds that somebody drives now."""
    return {name for (name,) in asked(home, "SELECT name FROM leases WHERE expires > extract(epoch FROM now())")}


def settled(home: Home) -> int:
    return int(asked(home, "SELECT count(settled) FROM batch_members")[0][0])


def assert_each_once(home: Home) -> None:
    """Every patient has one round, which waits with one item."""
    patients = sorted(name for name in home.stored() if name.startswith("Patient/"))
    assert asked(home, "SELECT patient, status FROM runs ORDER BY patient") == [
        (p, "awaiting_review") for p in patients
    ]
    assert asked(home, "SELECT patient, state FROM items ORDER BY patient") == [(p, "open") for p in patients]


def test_of_two_workers_one_is_killed_and_every_round_is_done_and_written_once(cohort: Home) -> None:
    with working(called(cohort, "first"), "--at-once", str(IN_FLIGHT)) as first:
        until(lambda: ready(cohort, 1), first)
        noted = Noted(url=cohort.more["PREROUND_DATABASE_URL"])
        with working(called(cohort, "second"), "--at-once", str(IN_FLIGHT)) as second:
            until(lambda: ready(cohort, 2), first, second)
            watching = cohort.start("batch", "--all", *ASKED, "--json", "-")
            until(lambda: settled(cohort) >= MIDDLE, first, second)
            until(lambda: caught(first, lambda: len(noted.in_flight("first")) == IN_FLIGHT), first, second)
            with in_line(second.pid) as busy:
                left, at = noted.in_flight("first"), noted.now()
                first.send_signal(signal.SIGKILL)
                first.wait()
                until(lambda: noted.first_step(left, "second", at), second)
            rescued = noted.first_step(left, "second", at)
            assert len(left) == IN_FLIGHT
            assert rescued is not None
            assert (rescued - at).total_seconds() < RESCUE_SECONDS + busy.seconds
            told = finish(watching)
            assert told.code == 0, told
            assert told.json["states"] == {"awaiting_review": PATIENTS}
    assert_each_once(cohort)
    before = cohort.stored()
    asyncio.run(all_signed(cohort))
    assert_each_written_once(cohort, before)


def caught(process: subprocess.Popen[str], true: Callable[[], bool]) -> bool:
    """Whether it stands still now, in a moment of which something is true; else it goes on."""
    if not true():
        return False
    process.send_signal(signal.SIGSTOP)
    if true():
        return True
    process.send_signal(signal.SIGCONT)
    return False


async def all_signed(home: Home) -> None:
    """Somebody approves whatever waits, one item after the other."""
    async with open_house(home.settings) as house:
        for item in queue(house.services.db, states={"open"}):
            done = await deciding.decide(house, item_id=item.item_id, person="Ada Nowak", verb="approve")
            assert done["run_status"] == "written"


def assert_each_written_once(home: Home, before: Mapping[str, Any]) -> None:
    """What each round signed stands on the server in one version, and nothing else does."""
    assert asked(home, "SELECT status, count(*) FROM runs GROUP BY 1") == [("written", PATIENTS)]
    assert asked(home, "SELECT count(*), count(DISTINCT item_id) FROM decisions") == [(PATIENTS, PATIENTS)]
    rows = asked(home, "SELECT state, resource_type || '/' || resource_id FROM outbox")
    assert {state for state, _ in rows} == {"done"}
    assert asked(home, "SELECT count(DISTINCT item_id) FROM outbox WHERE part != 'device'") == [(PATIENTS,)]
    after = home.stored()
    assert {name for _, name in rows} == after.keys() - before.keys()
    assert {name: found for name, found in after.items() if name in before} == before
    assert {after[name]["meta"]["versionId"] for _, name in rows} == {"1"}


def test_a_paused_batch_waits_a_worker_that_is_added_shares_and_one_that_ends_leaves_nothing_half_done(
    cohort: Home,
) -> None:
    with working(called(cohort, "first"), "--at-once", "1") as first:
        until(lambda: ready(cohort, 1), first)
        noted = Noted(url=cohort.more["PREROUND_DATABASE_URL"])
        watching = cohort.start("batch", "--all", *ASKED)
        until(lambda: settled(cohort) >= 1, first)
        ((batch,),) = asked(cohort, "SELECT batch_id FROM batches")
        cohort.preround("batch", "--pause", batch)
        assert finish(watching).code == 0, "there is nothing to watch any more"
        until(lambda: not held(cohort), first)
        before = settled(cohort)
        assert before < PATIENTS
        with working(called(cohort, "second"), "--at-once", "1") as second:
            until(lambda: ready(cohort, 2), first, second)
            time.sleep(2.5)  # two looks of each worker at what there is to do
            assert settled(cohort) == before
            at = noted.now()
            with psycopg.connect(cohort.more["PREROUND_DATABASE_URL"]) as connection:
                connection.execute("UPDATE batches SET state = 'open'")
            until(lambda: settled(cohort) >= before + 3 * (PATIENTS - before) // 4, first, second)
            shares = noted.worked(at)
            assert min(shares["first"], shares["second"]) >= max(1, shares.total() // 4), shares
            first.send_signal(signal.SIGTERM)
            ended = finish(first)
            assert ended.code == 0, ended
            until(lambda: settled(cohort) == PATIENTS, second)
            second.send_signal(signal.SIGTERM)
            for said in (ended.err, finish(second).err):
                assert "awaiting review" in said, "one of them had none of the rounds"
    assert_each_once(cohort)


def test_without_a_worker_the_command_is_one_itself(cohort: Home) -> None:
    done = cohort.json("batch", "--all", *ASKED)
    assert done["states"] == {"awaiting_review": PATIENTS}
    assert_each_once(cohort)


async def told_while_it_is_away(home: Home, server: PostgreSQL) -> None:
    """Whoever opens the queue while the database is stopped reads what is the matter; the program itself answers."""
    async with open_house(home.settings) as house, visiting(house) as web:
        assert links((await web.get("/")).text, "/items/")
        stop(server)
        end = time.monotonic() + AWAY_SECONDS
        while time.monotonic() < end:
            page = await web.get("/")
            assert page.status_code == 503
            assert "database does not answer" in page.text
            assert (await web.get("/healthz")).status_code == 200
            await asyncio.sleep(AWAY_SECONDS / 10)


def test_a_database_that_is_restarted_fails_nobody_and_ends_no_worker(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    template = cohort_home(tmp_path_factory.getbasetemp(), PATIENTS)
    with running() as server:
        home = copied(template, tmp_path / "home", PREROUND_DATABASE_URL=server.new())
        with working(home, "--at-once", "2") as worker:
            until(lambda: ready(home, 1), worker)
            watching = home.start("batch", "--all", *ASKED, "--json", "-")
            until(lambda: settled(home) >= 1, worker)
            asyncio.run(told_while_it_is_away(home, server))
            again = start(server.folder, server.binaries)
            try:
                until(lambda: settled(home) == PATIENTS, worker)
                told = finish(watching)
                assert told.code == 0, told
                assert told.json["states"] == {"awaiting_review": PATIENTS}
                assert_each_once(home)
                assert len(home.json("queue")) == PATIENTS
                worker.send_signal(signal.SIGTERM)
                ended = finish(worker)
                assert ended.code == 0, ended
                assert "Traceback" not in ended.err, ended.err
            finally:
                stop(again)
