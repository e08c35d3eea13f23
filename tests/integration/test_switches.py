"""A switch in a running house: rounds under way stop, what is signed waits, silence makes no item, and on means on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from fhir_fixtures.loading import load_story
from graphs.node import run_of
from preround.doing import deciding, rounds
from preround.doing.comparing import compare
from preround.doing.load import load
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, House, open_house
from review.queue import outbox_for, queue
from review.rollout import bounds, happened, rows
from review.switches import Mode, Scope, SwitchedOff, switch
from store import artifacts, runs, silence
from tools.fhir.transport import in_process

STORY = PATIENTS / "diabetes-ckd.yaml"
PATIENT = "fx-dm-ckd-patient"
NOW = load_story(STORY).now


@asynccontextmanager
async def house_at(home: Path, **more: Any) -> AsyncIterator[House]:
    (home / "story.json").write_bytes(compile_story(STORY))
    async with open_house(Settings(home=home / "home"), **more) as house:
        assert house.sandbox is not None
        await load([home / "story.json"], base_url=SANDBOX_URL, transport=in_process(house.sandbox))
        yield house


def throw(house: House, mode: Mode, **scope: str) -> None:
    now = house.services.clock.now()
    switch(house.services.db, Scope(**scope), mode, reason="wrong ages", person="Ada Nowak", now=now)


async def started(house: House) -> dict[str, Any]:
    run = await rounds.start(house, patient=PATIENT, tasks=rounds.DEFAULT_TASKS, as_of=NOW)
    return rounds.result(house, run.run_id)


async def test_a_round_under_way_stops_at_the_next_step_and_goes_on_when_it_is_on(tmp_path: Path) -> None:
    begun: list[str] = []
    houses: list[House] = []

    def progress(node: str, state: str) -> None:
        if state == "started":
            begun.append(node)
        if node == "gather" and state == "done" and houses:
            throw(houses.pop(), "off", site="main")

    async with house_at(tmp_path, progress=progress) as house:
        houses.append(house)
        with pytest.raises(SwitchedOff, match=r"site main, by Ada Nowak.*wrong ages"):
            await started(house)
        assert begun[-1] == "gather"
        with house.services.db.read() as connection:
            (run,) = runs.by_status(connection)
        assert run.status == "running"
        assert "Ada Nowak" in str(run.status_detail)
        with pytest.raises(SwitchedOff):
            await started(house)  # nothing begins either, and no row is made
        (moved,) = await house.runner.sweep()
        assert (moved.run_id, moved.status, queue(house.services.db)) == (run.run_id, "running", ())
        throw(house, "on", site="main")
        (moved,) = await house.runner.sweep()
        assert moved.status == "awaiting_review"
        assert begun.count("gather") == 1


async def test_a_task_or_a_guideline_that_is_off_is_left_out_and_said(tmp_path: Path) -> None:
    async with house_at(tmp_path) as house:
        whole = await started(house)
        named = [one["guideline"]["id"] for one in whole["suggestions"]]
        throw(house, "off", guideline=named[0])
        throw(house, "off", task="comparison")
        found = await started(house)
        assert named[0] not in [one["guideline"]["id"] for one in found["suggestions"]]
        assert [one["task"] for one in found["drafts"]] == ["summary", "suggestions"]
        assert any("Not drafted: comparison" in line and "Ada Nowak" in line for line in found["page"])
        withheld = {n["guideline"].partition("|")[0]: n["detail"] for n in found["not_suggested"]}
        assert "wrong ages" in withheld[named[0]]


async def test_what_was_signed_is_not_written_while_it_is_off(tmp_path: Path) -> None:
    async with house_at(tmp_path) as house:
        item = (await started(house))["review_item"]
        await_writing = house.services.writing
        houses = [house]

        def writing(signed_by: str | None) -> object:
            throw(houses[0], "off", task="suggestions")  # after the signature, before the first write
            return await_writing(signed_by)

        object.__setattr__(house.services, "writing", writing)
        with pytest.raises(SwitchedOff, match="signed but not written"):
            await deciding.decide(house, item_id=item, person="Dr Test", verb="approve")
        object.__setattr__(house.services, "writing", await_writing)
        stopped = {row.entry for row in outbox_for(house.services.db, item) if row.state == "pending"}
        assert stopped
        (moved,) = await house.runner.sweep()
        assert moved.status == "committing"
        assert {row.entry for row in outbox_for(house.services.db, item) if row.state == "pending"} == stopped
        throw(house, "on", task="suggestions")
        (moved,) = await house.runner.sweep()
        assert moved.status == "written"


async def test_a_round_in_silence_is_kept_and_shown_to_nobody(tmp_path: Path) -> None:
    said: list[str] = []
    async with house_at(tmp_path, urgent=said.append) as house:
        throw(house, "silent", task="suggestions", site="main")
        mixed = await started(house)
        assert mixed["status"] == "awaiting_review"
        assert mixed["suggestions"] == mixed["not_suggested"] == []
        assert {one["task"] for one in mixed["drafts"]} == {"summary", "comparison"}
        assert "silent" not in " ".join(mixed["page"])
        with house.services.db.read() as connection:
            kept = silence.every(connection)
        assert kept
        assert {one.task for one in kept} == {"suggestions"}
        throw(house, "silent", site="main")
        waiting = queue(house.services.db)
        found = await started(house)
        assert found.keys() & {"page", "drafts", "suggestions", "critical"} == set()
        assert (found["status"], found["review_item"]) == ("silent", None)
        assert queue(house.services.db) == waiting
        assert run_of(house.services, found["run_id"]).result_sha256 is None
        with house.services.db.read() as connection:
            again = silence.every(connection)
        assert sum(one.guideline is not None for one in again) == len(kept), "the same is asked once"
        assert {one.task for one in again} == {"summary", "comparison", "suggestions"}
        with pytest.raises(SwitchedOff, match="silent mode"):
            await deciding.decide(house, item_id=waiting[0].item_id, person="Dr Test", verb="approve")


async def test_what_silence_proposed_is_held_against_what_was_done(tmp_path: Path) -> None:
    async with house_at(tmp_path) as house:
        throw(house, "silent", site="main")
        await started(house)
        with house.services.db.read() as connection:
            kept = silence.every(connection)
        asked = next(one for one in kept if one.kind == "ServiceRequest")
        with house.services.db.read() as connection:
            proposed = artifacts.get_json(connection, asked.artifact_sha256)["resource"]
        ordered = {
            "resourceType": "ServiceRequest",
            "id": "ordered-later",
            "status": "active",
            "intent": "order",
            "code": proposed["code"],
            "subject": {"reference": f"Patient/{PATIENT}"},
            "authoredOn": (NOW + timedelta(days=3)).isoformat(),
        }
        file = tmp_path / "ordered.json"
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": ordered}]}
        file.write_text(json.dumps(bundle), encoding="utf-8")
        assert house.sandbox is not None
        await load([file], base_url=SANDBOX_URL, transport=in_process(house.sandbox))
        assert (await compare(house, days=3650)).young == len(kept)
        done = await compare(house, days=30)
        assert (done.settled, done.young, done.unread) == (len(kept), 0, 0)
        assert (await compare(house, days=30)).settled == 0
        with house.services.db.read() as connection:
            after = {one.entry_id: one for one in silence.every(connection)}
        assert after[asked.entry_id].verdict == "done"
        assert "ServiceRequest/ordered-later" in after[asked.entry_id].found
        others = {one.verdict for one in after.values() if one.entry_id != asked.entry_id}
        assert others <= {"text", "not_done", "done"}
        assert {after[one.entry_id].verdict for one in kept if one.kind == "Composition"} == {"text"}
        counted = rows(happened(house.services.db), bounds())[0]
        assert counted.numerator >= 1
        assert counted.answer == "not enough yet"
