"""What others' servers and models answered is played again when they are gone."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from preround.doing.load import load
from preround.replay import replaying
from preround.replay.replaying import Replayed, tape_of
from preround.sandbox.app import create_sandbox
from preround.settings import Settings
from tests.unit.fhir.socket_server import served
from tests.unit.literature.stub import Stub, row
from tests.unit.models.fake_server import FakeServer, running, said
from tools.tape import opened

STARTS = datetime(2026, 6, 1, 12, tzinfo=UTC)
ASKED = """\
scenario: asked
title: A question to a model of ours
teaches: What a served model answered is kept.
story: diabetes-ckd
steps:
  - round: [question]
    question: What was the last HbA1c?
    status: nothing_to_write
    must_say: ['no film is on record']
"""
TOLD = """\
scenario: told
title: A chart of our own server
teaches: A round on another server is kept, with what was written.
patient: Patient/fx-dm-ckd-patient
starts: 2026-06-01T12:00Z
steps:
  - round: [summary, suggestions]
    must_say: ['naproxen']
  - decide: approve
    by: Dr Example
    only: ['^pre-round summary']
    then: approved
at_the_end:
  written: {Composition: ['pre-round summary']}
"""


def quiet(_: str) -> None: ...


async def recorded(path: Path, settings: Settings) -> Replayed:
    async with replaying.engine(settings) as engine:
        return await replaying.record(path, settings, engine, quiet)


async def replayed(path: Path, settings: Settings) -> Replayed:
    async with replaying.engine(settings) as engine:
        return await replaying.replay(path, settings, engine, quiet)


async def test_a_chart_of_another_server_is_played_without_it(tmp_path: Path) -> None:
    path, file = tmp_path / "told.yaml", tmp_path / "chart.json"
    path.write_text(TOLD)
    file.write_bytes(await asyncio.to_thread(compile_story, PATIENTS / "diabetes-ckd.yaml"))
    sandbox = create_sandbox(tmp_path / "theirs.sqlite", now=lambda: STARTS, audit=False)
    async with served(sandbox) as base:
        await load([file], base_url=base)
        settings = Settings(home=tmp_path / "home", fhir=base, fhir_token=SecretStr("not-for-tapes"), tape_charts=True)
        first = await recorded(path, settings)
    again = await replayed(path, Settings(home=tmp_path / "home"))
    assert first.misses == again.misses == []
    assert (first.how, again.how) == ("stage", "tape")
    assert again.played == first.played
    assert not again.differences
    assert "not-for-tapes" not in json.dumps(list(opened(tape_of(path)).asked("fhir").values()))


async def test_a_served_model_is_played_without_it_and_a_new_question_gets_the_nearest_answer(tmp_path: Path) -> None:
    path = tmp_path / "asked.yaml"
    path.write_text(ASKED)
    server = FakeServer(replies=[said(json.dumps({"sentences": [], "refusal": "No film is on record."}))])
    async with running(server) as url:
        first = await recorded(path, Settings(home=tmp_path / "home", reasoner="vllm", model_url=url))
    assert len(server.asked) == 1
    again = await replayed(path, Settings(home=tmp_path / "home"))
    assert first.misses == again.misses == []
    assert again.played == first.played
    assert again.how == "tape"
    path.write_text(ASKED.replace("last HbA1c?", "first HbA1c?"))
    other = await replayed(path, Settings(home=tmp_path / "home"))
    assert other.how == "stage"
    assert other.misses == []
    assert "-Question: What was the last HbA1c?" in other.differences
    assert "+Question: What was the first HbA1c?" in other.differences


async def test_what_a_literature_source_answered_is_played_without_it(tmp_path: Path) -> None:
    path = tmp_path / "read.yaml"
    path.write_text(
        "scenario: read\ntitle: Papers\nteaches: Answers of a literature source are kept.\nstory: diabetes-ckd\n"
        "steps:\n  - round: [summary, suggestions]\n"
    )
    paper = row(11, "Metformin in kidney disease", abstractText="Metformin dose should be reduced in kidney disease.")
    stub = Stub(articles=[], search="", europe={"hitCount": 1, "resultList": {"result": [paper]}})
    async with served(stub.app) as address:
        settings = Settings(
            home=tmp_path / "home",
            literature_sources=("europepmc",),
            literature_europepmc=address,
            literature_email="desk@example.org",
        )
        first = await recorded(path, settings)
    asked = len(stub.asked)
    assert asked > 0
    tape = opened(tape_of(path))
    assert tape.count("literature") == asked
    assert not any("desk" in words for words in tape.asked("literature").values()), "who asked is not kept"
    again = await replayed(path, Settings(home=tmp_path / "home"))
    assert again.how == "tape"
    assert again.played == first.played
    assert len(stub.asked) == asked
