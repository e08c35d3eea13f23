"""A round on a server that fails: it says what it could not read, loses nothing signed, writes nothing unchecked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from graphs.node import run_of
from preround.doing import deciding, rounds
from preround.failure import Declined, Missing
from preround.home import open_database
from preround.shown.instant import instant
from preround.wiring import House
from review.errors import AlreadyDecided, ItemExpired, RoundOver
from review.queue import queue, show
from store import runs
from tests.acceptance.homes import AS_OF, PATIENT, Home, copied, drafted_home, loaded_home
from tests.integration.faulty import Ahead, on_faulty
from tools.fhir.errors import FhirUnreachable


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home")


@pytest.fixture
def drafted(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    template, item = drafted_home(tmp_path_factory.getbasetemp())
    return copied(template, tmp_path / "home"), item


async def drafted_on(house: House, patient: str = PATIENT) -> dict[str, Any]:
    run = await rounds.start(house, patient=patient, tasks=rounds.DEFAULT_TASKS, as_of=instant(AS_OF))
    return rounds.result(house, run.run_id)


async def approve(house: House, item: str, person: str = "Ada Nowak") -> dict[str, Any]:
    return await deciding.decide(house, item_id=item, person=person, verb="approve")


@pytest.mark.parametrize("kind", ["Condition", "AllergyIntolerance", "MedicationRequest"])
async def test_what_could_not_be_read_is_said_and_nothing_is_suggested(home: Home, kind: str) -> None:
    async with on_faulty(home) as (house, faulty):
        due = {s["guideline"]["id"] for s in (await drafted_on(house))["suggestions"]}
        assert due
        faulty.rules = [("GET", kind, 500)]
        found = await drafted_on(house)
    assert found["status"] == "awaiting_review"
    assert any(line.startswith(f"COULD NOT READ {kind}") for line in found["page"][:3])
    assert found["suggestions"] == []
    why = {row["guideline"].partition("|")[0]: row["why"] for row in found["not_suggested"]}
    said = {why[guideline] for guideline in due & why.keys()}
    assert said == {"could_not_check"}
    assert due <= why.keys(), "also a recommendation for a disease that nobody could read"
    (line,) = [c for c in found["coverage"] if c["error"]]
    assert line["query"].startswith(kind)


async def test_without_allergies_read_nobody_has_none(home: Home) -> None:
    """The chart's own "no known allergy" is a sentence only while allergies can be read."""
    said = []
    async with on_faulty(home) as (house, faulty):
        for rules in ([], [("GET", "AllergyIntolerance", 500)]):
            faulty.rules = list(rules)
            found = await drafted_on(house, "fx-screening-patient")
            said.append([line for line in found["page"] if "no known" in line.lower() or "no allerg" in line.lower()])
    assert said[0]
    assert [line for line in said[1] if "note" not in line] == []


async def test_a_chart_of_which_nothing_can_be_read_has_no_page(home: Home) -> None:
    async with on_faulty(home) as (house, faulty):
        faulty.rules = [("GET", kind, 500) for kind in ("A", "B", "C", "D", "E", "F", "I", "L", "M", "N", "O", "Proc")]
        faulty.rules += [("GET", kind, 500) for kind in ("R", "S", "Q", "T", "V")]
        with pytest.raises(FhirUnreachable):
            await drafted_on(house)
        (run,) = _runs(house)
        assert run.status == "failed"
        assert queue(house.services.db) == ()


def _runs(house: House) -> Any:
    with house.services.db.read() as connection:
        return runs.by_status(connection)


async def test_nobody_is_drafted_for_who_is_not_there(home: Home) -> None:
    async with on_faulty(home) as (house, faulty):
        with pytest.raises(Missing):
            await drafted_on(house, "nobody")
        faulty.down()
        with pytest.raises(FhirUnreachable):
            await drafted_on(house)
        assert _runs(house) == ()


async def test_signed_while_the_server_is_down_is_written_when_it_is_back(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    before = home.stored()
    async with on_faulty(home) as (house, faulty):
        faulty.down()
        with pytest.raises(FhirUnreachable):
            await approve(house, item)
        run = run_of(house.services, show(house.services.db, item).item.run_id)
        assert run.status == "committing"
        assert run.status_detail
        assert await house.runner.sweep()
        assert run_of(house.services, run.run_id).status == "committing"
        with pytest.raises(AlreadyDecided):
            await approve(house, item, "Ben Okafor")
        faulty.rules = []
        (moved,) = await house.runner.sweep()
        assert (moved.status, moved.status_detail) == ("written", None)
    rows = _outbox(home, item)
    assert home.stored().keys() - before.keys() == {f"{r.resource_type}/{r.resource_id}" for r in rows}


def _outbox(home: Home, item: str) -> Any:
    db = open_database(home.settings)
    try:
        return show(db, item).outbox
    finally:
        db.close()


@pytest.mark.parametrize("status", [500, 403], ids=["failing", "forbidden"])
async def test_unchecked_nothing_is_written(drafted: tuple[Home, str], status: int) -> None:
    """A must-look search that fails now and did not before: it is not known whether the chart changed."""
    home, item = drafted
    before = home.stored()
    async with on_faulty(home) as (house, faulty):
        faulty.rules = [("GET", "AllergyIntolerance", status)]
        with pytest.raises(FhirUnreachable, match="AllergyIntolerance"):
            await approve(house, item)
        assert home.stored() == before
        faulty.rules = []
        (moved,) = await house.runner.sweep()
        assert moved.status == "written"


async def test_what_the_server_refuses_is_said(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    before = home.stored()
    async with on_faulty(home) as (house, faulty):
        faulty.rules = [("PUT", "", 422), ("POST", "", 422)]
        with pytest.raises(Declined, match="Entry 1 was not written"):
            await approve(house, item)
        run = run_of(house.services, show(house.services.db, item).item.run_id)
        assert run.status == "failed"
        faulty.rules = []
        assert await house.runner.sweep() == ()
    assert home.stored() == before


NEWS = {
    "resourceType": "AllergyIntolerance",
    "id": "news",
    "patient": {"reference": f"Patient/{PATIENT}"},
    "code": {"text": "Penicillin"},
    "recordedDate": AS_OF[:10],
}


async def _put(house: House, resource: dict[str, Any]) -> None:
    """Somebody else writes."""
    async with httpx.AsyncClient(timeout=60) as client:
        address = f"{house.settings.fhir}/{resource['resourceType']}/{resource['id']}"
        (await client.put(address, json=resource)).raise_for_status()


async def test_news_after_a_failed_attempt_stops_the_write_all_the_same(drafted: tuple[Home, str]) -> None:
    """An attempt that came to nothing does not make a proposal fresh for ever."""
    home, item = drafted
    clock = Ahead()
    async with on_faulty(home, clock=clock) as (house, faulty):
        faulty.rules = [("PUT", "", 503), ("POST", "", 503)]
        with pytest.raises(FhirUnreachable):
            await approve(house, item)
        faulty.rules = []
        await _put(house, NEWS)
        before = home.stored()
        (moved,) = await house.runner.sweep()
        # The failed request may still be on its way, so the item is not yet called stale.
        assert (moved.status, home.stored()) == ("committing", before)
        clock.by = timedelta(minutes=3)
        (moved,) = await house.runner.sweep()
        assert (moved.status, home.stored()) == ("stale", before)


async def test_a_half_written_item_is_finished_though_there_is_news(drafted: tuple[Home, str]) -> None:
    """The second entry's write fails, the chart changes: what was begun is finished, because it was signed as one."""
    home, item = drafted
    async with on_faulty(home) as (house, faulty):
        entries = show(house.services.db, item).proposal.entries
        second = entries[1].resource
        app = faulty.app
        hits = 0

        async def one_by_one(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal hits
            if scope["method"] == "POST":
                hits += 1
                if hits == 2:
                    faulty.down()
                    await faulty(scope, receive, send)
                    return
            await app(scope, receive, send)

        faulty.app = one_by_one
        with pytest.raises(FhirUnreachable):
            await approve(house, item)
        faulty.rules = []
        held = home.stored()
        assert f"{entries[0].resource['resourceType']}/{entries[0].resource['id']}" in held
        assert f"{second['resourceType']}/{second['id']}" not in held
        await _put(house, NEWS)
        (moved,) = await house.runner.sweep()
        assert moved.status == "written"
        assert all(row.state == "done" for row in show(house.services.db, item).outbox)


async def test_sent_back_while_the_server_is_down_the_words_are_not_lost(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    async with on_faulty(home) as (house, faulty):
        faulty.down()
        with pytest.raises(FhirUnreachable):
            await deciding.decide(house, item_id=item, person="Ada Nowak", verb="revise", words="Again.")
        faulty.rules = []
        (moved,) = await house.runner.sweep()
        assert (moved.status, moved.feedback) == ("awaiting_review", "Again.")
        assert [i.state for i in queue(house.services.db)] == ["superseded", "open"]


@pytest.mark.parametrize("node", ["gather", "draft", "propose"])
async def test_cancelled_while_it_is_drafted_a_round_opens_no_item(home: Home, node: str) -> None:
    houses: list[House] = []

    def cancel(now: str, state: str) -> None:
        if (now, state) == (node, "started"):
            (run,) = _runs(houses[0])
            houses[0].runner.cancel(run.run_id, person="Ada Nowak")

    async with on_faulty(home, progress=cancel) as (house, _):
        houses.append(house)
        with pytest.raises(RoundOver):
            await drafted_on(house)
        (run,) = _runs(house)
        assert run.status == "cancelled"
        assert queue(house.services.db) == ()
        assert await house.runner.sweep() == ()


async def test_cancelled_between_signature_and_write_nothing_is_written(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    before = home.stored()
    houses: list[House] = []

    def cancel(now: str, state: str) -> None:
        if (now, state) == ("commit", "started"):
            houses[0].runner.cancel(show(houses[0].services.db, item).item.run_id, person="Ben Okafor")

    async with on_faulty(home, progress=cancel) as (house, faulty):
        houses.append(house)
        await approve(house, item)
        shown = show(house.services.db, item)
        assert run_of(house.services, shown.item.run_id).status == "cancelled"
        assert shown.item.state == "cancelled"
        assert {row.state for row in shown.outbox} == {"refused"}
        assert faulty.writes == 0
    assert home.stored() == before


async def test_what_waits_too_long_expires_in_the_sweep(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    clock = Ahead()
    async with on_faulty(home, clock=clock) as (house, _):
        assert await house.runner.sweep() == ()
        clock.by = timedelta(days=60)
        (moved,) = await house.runner.sweep()
        assert moved.status == "expired"
        with pytest.raises(ItemExpired):
            await approve(house, item)


async def test_one_round_with_a_bug_does_not_keep_the_others_waiting(home: Home) -> None:
    async with on_faulty(home) as (house, _):
        for n, since in enumerate(("not a date", None)):
            house.runner.open(
                run_id=f"{n:016x}", patient=f"Patient/{PATIENT}", tasks=("summary",), as_of=instant(AS_OF), since=since
            )
        moved = {run.run_id: run for run in await house.runner.sweep()}
        assert (moved[f"{0:016x}"].status, moved[f"{1:016x}"].status) == ("failed", "awaiting_review")
        assert "not a date" not in str(moved[f"{0:016x}"].status_detail)


async def test_a_live_round_is_refreshed_in_the_present(home: Home) -> None:
    clock = Ahead()
    async with on_faulty(home, clock=clock) as (house, _):
        now = clock.now()
        live = house.runner.open(run_id="live", patient=f"Patient/{PATIENT}", tasks=("summary",), as_of=now)
        past = house.runner.open(run_id="past", patient=f"Patient/{PATIENT}", tasks=("summary",), as_of=instant(AS_OF))
        clock.by = timedelta(hours=2)
        assert house.runner.refreshed(live, "live2").as_of >= now + timedelta(hours=2)
        again = house.runner.refreshed(past, "past2")
        assert (again.as_of, again.refreshes) == (past.as_of, "past")
        assert house.runner.refreshed(replace(past, tasks=("comparison",)), "past2") == again
