"""A round of pictures on a real Orthanc and a real vLLM: stored, found, fetched, sent as images, signed, written.

Random weights say nothing of what a film shows: what is held here is the wire, the form and the way to the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.models.asking import Asker
from agents.models.endpoint import allowed
from agents.models.reply import ModelFailed
from agents.seeing.answers import ChestSince
from agents.seeing.seer import Seer
from claims.seen import Look
from preround.doing import deciding, rounds
from preround.imaging.looking import look
from preround.imaging.room import Room
from review.queue import show
from store.runs import Run
from tests.integration.films import files, opened, order
from tests.models.random_chat import RandomChat
from tests.models.server import NAME, REVISION, VllmServer
from tests.orthanc import Orthanc, orthanc
from tools.imaging.archive import Archive

pytestmark = [pytest.mark.vllm, pytest.mark.models, pytest.mark.xdist_group("vllm")]

TRIES = 8
"""Readings in which random weights have to fill the form once."""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        server.store(*files(0, 2))
        yield server


async def test_from_the_archive_to_the_record(vllm: VllmServer, films: Orthanc, tmp_path: Path) -> None:
    chat = RandomChat(endpoint=allowed(vllm.url), served=NAME, max_tokens=3000)
    seer = Seer(
        asker=Asker(chat), row="medgemma-1.5-4b-it", reasoner="vllm", model=(NAME, REVISION), where="this machine"
    )
    here = Room(seer=seer, archive=lambda: Archive(films.dicomweb))
    async with opened(tmp_path) as house:
        run: Run | None = None
        for _ in range(TRIES):
            try:
                run = await look(house, here, order())
                break
            except ModelFailed:
                continue
        assert run is not None, "no answer of random weights fitted the form"
        prompt, message = chat.heard[-1]
        answer = ChestSince.model_validate_json(message.text)
        assert prompt.count("data:image/png") == 2 or prompt.count("image/png") == 2
        assert message.usage_metadata is not None
        assert message.usage_metadata["input_tokens"] > 2 * 256

        found = Look.model_validate(rounds.result(house, run.run_id)["imaging"])
        assert [(one.time, one.day) for one in found.pictures] == [("earlier", "2026-03-02"), ("current", "2026-03-30")]
        assert len(found.findings) <= len(answer.findings)
        assert {one.finding for one in found.findings} == {one.finding for one in answer.findings}
        item = rounds.item_of_run(house, run.run_id)
        sha = show(house.services.db, item).item.proposal_sha256
        done = await deciding.decide(house, item_id=item, person="Ada Nowak", verb="approve", proposal_sha256=sha)
        assert done["outcome"] == "approved"
        stored = await house.services.client.read(*done["receipts"][0]["reference"].split("/"))
        assert (stored["resourceType"], stored["status"]) == ("DiagnosticReport", "preliminary")
        assert stored["meta"]["security"][0]["code"] == "AIAST"
